"""`--explore-plot`: each order in which a test fails, as a picture in a folder."""

import re
import zlib
from pathlib import Path

import pytest

LONGEST = 150  # characters of a test's name in the name of a file


class Plots:
    """Saves pictures.

    Args:
        folder: Where; `None` for nowhere.

    Raises:
        pytest.UsageError: It is a file.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and folder.exists() and not folder.is_dir():
            raise pytest.UsageError(f"--explore-plot must be a folder; {folder} is a file.")
        self._folder = folder

    def save(self, nodeid: str, svg: str) -> str:
        """Save the picture of a failing order; return the line that tells of it, if any.

        Each test has a file of its own, so processes that run tests side by side do not collide.

        Args:
            nodeid: The name of the test.
            svg: The picture.
        """
        if self._folder is None:
            return ""
        path = self._folder / file_name(nodeid)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
        except OSError as error:
            return f"It could not be drawn: {error}."
        return f"It is drawn in {path}"


def file_name(nodeid: str) -> str:
    """Return the file name for a test's picture: words, and a number if these may not be unique."""
    plain = nodeid.replace("::", "-").replace("/", "-").replace("[", "-").removesuffix("]")
    words = re.sub(r"[^\w.-]+", "_", plain, flags=re.ASCII)[:LONGEST]
    is_alone = words == plain and "-" not in nodeid
    number = zlib.crc32(nodeid.encode(errors="surrogateescape"))
    return f"{words}.svg" if is_alone else f"{words}-{number:08x}.svg"
