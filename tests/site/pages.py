"""A page of the built site, as a browser is given it: its text, its blocks of code, its links."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Block:
    """A block of code.

    Attributes:
        language: As its fence names it.
        title: The name of its file, or "".
        text: Its lines, as the button copies them.
        remark: The comment above it, which no reader sees, such as `slow`.
    """

    language: str
    title: str = ""
    text: str = ""
    remark: str = ""


@dataclass
class Page:
    """What the checks ask of a page.

    Attributes:
        path: Its file in the built site.
        blocks: Its blocks of code, in their order.
        ids: What a link can end in, after the `#`.
        links: The addresses of links.
        fetched: The addresses that a browser fetches by itself to show it.
        images: The address and the alternative text of each image.
        linked: For each link of the article, its address and its text.
    """

    path: Path
    blocks: list[Block] = field(default_factory=list[Block])
    ids: set[str] = field(default_factory=set[str])
    links: list[str] = field(default_factory=list[str])
    fetched: list[str] = field(default_factory=list[str])
    images: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    linked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[tuple[str, dict[str, str]]] = []
        self.block: Block | None = None
        self.remark = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append((tag, values))
        page = self.page
        page.ids |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a":
            page.links.append(values.get("href", ""))
            page.linked.append((values.get("href", ""), ""))
        elif values.get("rel") not in {"canonical", "prev", "next"}:
            page.fetched += [values[name] for name in ("href", "src") if name in values]
        if tag == "img":
            page.images.append((values.get("src", ""), values.get("alt", "")))
        language = re.search(r"language-(\S+)", values.get("class", ""))
        if tag == "div" and language and "highlight" in values["class"]:
            self.block = Block(language[1], remark=self.remark)
            page.blocks.append(self.block)
        if tag not in {"a", "div", "pre", "span", "code"}:
            self.remark = ""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag == "pre":
            self.block = None

    def handle_comment(self, data: str) -> None:
        self.remark = data.strip()

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if self.block and "pre" in tags:
            self.block.text += data
        elif self.block and self.open and self.open[-1][1].get("class") == "filename":
            self.block.title += data
        if "a" in tags and self.page.linked:
            address, text = self.page.linked[-1]
            self.page.linked[-1] = address, text + data


def read(path: Path) -> Page:
    """Read a page of the built site.

    Args:
        path: Its file.
    """
    page = Page(path)
    _Reader(page).feed(path.read_text(encoding="utf-8"))
    return page
