"""The failures that are known: a suite can be explored from the first day, and mended by and by."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

HEAD = "# Tests that pytest --explore failed, with the order. Mend one, and delete its line.\n"


class Known:
    """A file of failures, one a line: the test, a tab, and its schedule.

    Args:
        path: The file; if there is none yet, this run's failures are written there.

    Raises:
        pytest.UsageError: It cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._is_new = path is not None and not path.exists()
        self._tests: set[str] = set()
        if path is not None and not self._is_new:
            try:
                lines = path.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeError) as error:
                raise pytest.UsageError(f"--explore-known: cannot read {path}: {error}.") from None
            self._tests = {
                line.partition("\t")[0] for line in lines if line.strip() and line[0] != "#"
            }

    def __contains__(self, nodeid: object) -> bool:
        return nodeid in self._tests

    def write(self, failures: Mapping[str, str]) -> None:
        """Write the failures of the first run; later ones are the user's to write."""
        if self._path is not None and self._is_new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"{test}\t{schedule}\n" for test, schedule in sorted(failures.items())]
            self._path.write_text(HEAD + "".join(lines), encoding="utf-8")

    def summary(self, failures: Mapping[str, str], passing: Collection[str]) -> Iterator[str]:
        """Say what became of the file."""
        if self._is_new:
            yield f"  {len(failures)} known failures written to {self._path}"
        for test in sorted(self._tests.intersection(passing)):
            yield f"  {test} passes now: delete its line in {self._path}"
