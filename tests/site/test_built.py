"""The built site: nothing is dead, nothing is heavy, nothing is asked of another host."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalogue.runner import data
from tests.site.conftest import ADDRESS, ROOT
from tests.site.pages import Page

KILOBYTES = 600


def test_each_page_of_the_sources_is_in_the_navigation(pages: dict[str, Page]) -> None:
    sources = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        for path in (ROOT / "docs").rglob("*.md")
    }
    home = pages["index.html"]
    folder = home.path.parent
    reached = {"index.html", "404.html"}
    waiting = ["index.html"]
    while waiting:
        page = pages[waiting.pop()]
        for address in page.links:
            file = page.path.parent / urlsplit(address).path
            name = file.resolve().relative_to(folder).as_posix() if file.is_file() else ""
            if name in pages and name not in reached:
                reached.add(name)
                waiting.append(name)
    assert sources | {"404.html"} == set(pages) == reached


def test_no_link_image_or_anchor_is_dead(pages: dict[str, Page], site: Path) -> None:
    dead: list[str] = []
    by_file = {page.path: page for page in pages.values()}
    for name, page in pages.items():
        for address in [*page.links, *page.fetched]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not address:
                continue
            path = unquote(parts.path)
            if path.startswith("/awaits/"):
                file = site / path.removeprefix("/awaits/")
            else:
                file = (page.path.parent / path).resolve() if path else page.path
            file = file / "index.html" if file.is_dir() else file
            known = by_file.get(file)
            fragment = unquote(parts.fragment)
            found = known and (not fragment or fragment in known.ids or ":~:" in fragment)
            if not file.is_file() or (known and not found):
                dead.append(f"{name}: {address}")
    assert not dead


def test_each_image_tells_what_is_to_be_seen(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for address, text in page.images:
            assert len(text) > 20, f"{name}: {address}"


def test_each_picture_is_there_in_light_and_dark_with_its_words_as_text(
    pages: dict[str, Page],
) -> None:
    for name, page in pages.items():
        for address, _ in page.images:
            file, _, scheme = (page.path.parent / address).as_posix().partition("#only-")
            twin = {"light": "dark", "dark": "light"}[scheme]
            other = address.replace(f"-{scheme}.svg#only-{scheme}", f"-{twin}.svg#only-{twin}")
            assert other in [it for it, _ in page.images], f"{name}: {address}"
            assert "</text>" in Path(file).read_text(), file


def test_the_site_asks_no_other_host_for_anything(pages: dict[str, Page], site: Path) -> None:
    for name, page in pages.items():
        assert page.fetched
        assert not [address for address in page.fetched if "//" in address], name
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text().replace('"', ""), style.name


def test_each_page_is_light(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        # Pictures for the other scheme are lazy, and not shown: a browser does not fetch them.
        files = {
            (page.path.parent / urlsplit(address).path).resolve()
            for address in page.fetched
            if not address.startswith("/") and "#only-dark" not in address
        }
        total = page.path.stat().st_size + sum(it.stat().st_size for it in files if it.is_file())
        assert total < KILOBYTES * 1000, f"{name}: {total:,} bytes"


def test_addresses_are_canonical_and_in_the_site_map(pages: dict[str, Page], site: Path) -> None:
    tree = ET.parse(site / "sitemap.xml")  # noqa: S314 it is ours
    listed = {location.text for location in tree.iter() if location.tag.endswith("loc")}
    for name, page in pages.items():
        if name == "404.html":
            continue
        address = f"{ADDRESS}{name}"
        assert f'<link rel="canonical" href="{address}">' in page.path.read_text(), name
        assert address in listed


def test_each_page_has_a_card_and_links_to_its_source(pages: dict[str, Page], site: Path) -> None:
    assert (site / "pictures" / "card.png").is_file()
    for name, page in pages.items():
        text = page.path.read_text()
        assert f'property="og:image" content="{ADDRESS}pictures/card.png"' in text, name
        if name != "404.html":
            source = name.removesuffix("html") + "md"
            edit = f"https://example.org/code/awaits/edit/main/docs/{source}"
            assert edit in page.links, name


def test_the_404_page_works_below_any_address(pages: dict[str, Page]) -> None:
    page = pages["404.html"]
    assert all(address.startswith("/awaits/") for address in page.fetched)
    assert "/awaits/how-to/flaky.html" in page.links


def test_the_list_for_language_models_names_each_page(pages: dict[str, Page], site: Path) -> None:
    named = set(re.findall(r"\]\(([\w/.-]+\.html)\)", (site / "llms.txt").read_text()))
    # Those of the bugs are linked from the table.
    pages_of_bugs = {name for name in pages if name.startswith("catalogue/")}
    assert named == set(pages) - pages_of_bugs - {"404.html"}


def test_every_cell_of_the_catalogue_links_to_what_its_run_printed(
    pages: dict[str, Page],
) -> None:
    table = pages["catalogue.html"]
    links = [
        address for address in table.links if address.startswith("catalogue/") and "#" in address
    ]
    assert len(links) >= sum(len(row) for row in data.read().cells.values())
    assert all(urlsplit(it).fragment in pages[urlsplit(it).path].ids for it in links)
