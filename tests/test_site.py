"""The site: it is built without a warning, and asks no other host for anything."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from catalogue.runner import data

ROOT = Path(__file__).parent.parent


class Fetched(HTMLParser):
    """The addresses that a browser fetches by itself to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.addresses += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    subprocess.run(mkdocs, cwd=ROOT, check=True, env={**os.environ, "AWAITS_SITE": "quick"})
    return folder


def test_every_page_of_the_navigation_is_there(site: Path) -> None:
    assert {page.stem for page in site.glob("*.html")} == {
        "404", "api", "backends", "calls", "catalogue", "choose", "explore", "index", "install",
        "mocking", "reference", "schedules", "stateful", "tests", "typings", "virtual-time",
    }  # fmt: skip


def test_the_site_asks_no_other_host_for_anything(site: Path) -> None:
    for page in site.glob("**/*.html"):
        fetched = Fetched()
        fetched.feed(page.read_text())
        assert fetched.addresses
        assert not [address for address in fetched.addresses if "//" in address], page.name
    for style in site.glob("**/*.css"):
        assert "url(http" not in style.read_text().replace('"', ""), style.name


def test_the_pages_show_what_stands_in_the_files(site: Path) -> None:
    shown = (site / "tests.html").read_text()

    assert "--8&lt;--" not in shown
    assert "test_never_more_tasks_are_in_flight_than_the_limit" in shown
    assert "individual_task" in (site / "api.html").read_text()


def test_the_site_shows_what_was_measured_and_drawn_while_it_was_built(site: Path) -> None:
    shown = (site / "choose.html").read_text()

    pictures = re.findall(r'<img [^>]*src="([^"]+[.]svg)"', shown)
    assert len(pictures) == 4
    for picture in pictures:
        assert (site / picture).read_text().count("</text>") > 4
    assert shown.count("2 tasks of ") == 3


def test_every_cell_of_the_catalogue_links_to_what_its_run_printed(site: Path) -> None:
    table = (site / "catalogue.html").read_text()
    links = re.findall(r'<td class="check-[^>]*><a href="([^"#]*)#([^"]*)"', table)
    assert len(links) == sum(len(row) for row in data.read().cells.values())
    pages = {address: (site / address).read_text() for address, _ in links}
    for address, place in links:
        assert f'<section id="{place}">' in pages[address], (address, place)
    assert "<!-- catalogue:" not in table + (site / "mocking.html").read_text()
