"""A hook of mkdocs: makes the pages of the catalogue from what was measured.

A comment such as `<!-- catalogue: table -->` in a page stands for a part that is made.
"""

import functools
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path.insert(0, str(Path(__file__).parent.parent))  # the catalogue is not installed

from catalogue.runner import pages
from catalogue.wild import pages as wild

PLACE = re.compile(r"^<!-- catalogue: (\w+) -->$", re.MULTILINE)


@functools.cache
def _blocks() -> dict[str, str]:
    return pages.blocks() | wild.blocks()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each bug."""
    for path, text in (pages.pages() | wild.pages()).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 mkdocs gives them by name
    """Put what is made in the place of the comments."""
    return PLACE.sub(lambda place: _blocks()[place[1]], markdown)
