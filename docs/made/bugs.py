"""The pages of the catalogue, and of bugs in the wild, from what was measured."""

from catalogue.runner import pages
from catalogue.wild import pages as wild


def bugs() -> dict[str, str]:
    """Return a page for each bug, and what the pages of all show, by the file's path in docs."""
    blocks = {**pages.blocks(), **wild.blocks()}
    shown = {f"data/catalogue/{name}.txt": f"{text}\n" for name, text in blocks.items()}
    return {**pages.pages(), **wild.pages(), **shown}
