"""The site, built once for all of its tests, also where several processes run them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.site.pages import Page, read

ROOT = Path(__file__).parents[2]
ADDRESS = "https://example.org/awaits/"


def build(folder: Path, *command: str) -> None:
    """Build the site as its workflow does, for an address below that of a host."""
    environment = {
        **os.environ,
        "SITE_URL": ADDRESS,
        "REPO_URL": "https://example.org/code/awaits",
        "NO_MKDOCS_2_WARNING": "1",
    }
    mkdocs = command or (sys.executable, "-m", "mkdocs")
    subprocess.run(
        [*mkdocs, "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        check=True,
        env=environment,
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="The site is built where mkdocs is: in the group docs.")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, begun, built = shared / "site", shared / "site-begun", shared / "site-built"
    try:
        begun.mkdir()
    except FileExistsError:  # another process builds it
        while not built.exists():
            time.sleep(0.1)
    else:
        try:
            build(folder)
        finally:
            built.mkdir()
    assert (folder / "index.html").exists(), "The site was not built; see its other tests."
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Every page of the site, by its path there."""
    return {
        path.relative_to(site).as_posix(): read(path)
        for path in sorted(site.rglob("*.html"))
        if "assets" not in path.parts
    }
