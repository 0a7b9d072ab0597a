"""Zensical, MkDocs' successor, builds the same site: nothing depends on what it leaves out."""

import importlib.util
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from tests.site.conftest import ROOT

SUFFIXES = {".html", ".png", ".svg", ".txt"}


def files(site: Path) -> dict[str, Path]:
    """Return the pages and pictures of a site, but for the theme's own."""
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*.*")}
    return {
        name: path
        for name, path in found.items()
        if path.suffix in SUFFIXES and not name.startswith("assets/")
    }


def words(page: Path) -> list[str]:
    """Return the words of a page's article."""
    html = page.read_text()
    article = re.search(r"<article.*</article>", html, re.DOTALL)
    text = re.sub(
        r"<(script|style|nav).*?</\1>|<[^>]+>",
        " ",
        article[0] if article else html,
        flags=re.DOTALL,
    )
    return unescape(text).split()


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("zensical") is None, reason="zensical is in the group dev."
)
def test_zensical_builds_the_same_pages_and_pictures(site: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(
        ROOT, project, ignore=shutil.ignore_patterns(".*", "__pycache__", "site", "dist")
    )
    subprocess.run([sys.executable, "-m", "zensical", "build"], cwd=project, check=True)
    ours, theirs = files(site), files(project / "site")
    assert ours.keys() == theirs.keys()
    pages = [name for name in ours if name.endswith(".html")]
    assert [name for name in pages if words(ours[name]) != words(theirs[name])] == []
