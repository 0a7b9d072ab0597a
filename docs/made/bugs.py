"""The pages of the catalogue, from what was measured."""

from catalogue.runner import pages


def bugs() -> dict[str, str]:
    """Return a page for each bug, and what the pages of all show, by the file's path in docs."""
    blocks = {f"data/catalogue/{name}.txt": f"{text}\n" for name, text in pages.blocks().items()}
    return {**pages.pages(), **blocks}
