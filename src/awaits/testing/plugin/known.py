"""The file of known failures, with which a suite can be explored from the first day."""

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from awaits.testing.schedule import Schedule, cancels_all

HEAD = "# Tests that fail under pytest --explore, with the order. Mend one, and delete its line.\n"


class Known:
    """A file of failures, one a line: the test, a tab, and its schedule.

    Args:
        path: The file; if there is none yet, this run's failures are written there.

    Raises:
        pytest.UsageError: It cannot be read, or has other lines.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._is_new = path is not None and not path.exists()
        self._is_written = False
        self._fault = ""  # why it could not be written
        self._tests: dict[str, set[bool]] = {}  # and whether each fails when cancelled as a whole
        if path is not None and not self._is_new:
            try:
                # Some editors begin a file with a mark; names of files may be in another encoding.
                text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
                lines = text.splitlines()
            except OSError as error:
                raise pytest.UsageError(f"--explore-known: cannot read {path}: {error}.") from None
            for line in lines:
                if line.strip() and line[0] != "#":
                    written, _, schedule = line.partition("\t")
                    test = _read(written)
                    if "::" not in test or " Schedule(" in test:
                        raise pytest.UsageError(
                            f"--explore-known: in {path}: {written!r} is no test; a line has a "
                            "test such as tests/test_it.py::test_it, a tab, and its schedule."
                        )
                    self._tests.setdefault(test, set()).update(_kinds(schedule, path))

    def covers(self, nodeid: str, schedule: Schedule) -> bool:
        """Tell whether a test is known to fail this way: in an order, or cancelled as a whole."""
        return cancels_all(schedule) in self._tests.get(nodeid, ())

    def write(self, failures: Mapping[str, str], *, is_whole: bool) -> None:
        """Write the failures of the first run; later ones are the user's to write.

        Args:
            failures: The schedules, by test.
            is_whole: Whether all tests have run.
        """
        if self._path is not None and self._is_new:
            if not is_whole:
                self._fault = (
                    f"--explore-known: the run was cut short, so {self._path} was not written: it "
                    "would lack what comes later."
                )
                return
            known = sorted(failures.items())
            lines = [f"{_written(test)}\t{schedule}\n" for test, schedule in known]
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                text = HEAD + "".join(lines)
                self._path.write_text(text, encoding="utf-8", errors="surrogateescape")
                self._is_written = True
            except OSError as error:
                self._fault = f"--explore-known: cannot write {self._path}: {error}."

    def summary(
        self, failures: Mapping[str, str], passing: Collection[str], failed: set[str]
    ) -> Iterator[str]:
        """Say what became of the file.

        Args:
            failures: The schedules of the tests that fail in an order, by test.
            passing: The tests that pass in all orders that were tried.
            failed: All tests that failed, in an order or without.
        """
        if self._fault:
            yield f"  {self._fault}"
        elif self._is_written:
            what = "1 known failure" if len(failures) == 1 else f"{len(failures)} known failures"
            yield f"  {what} written to {self._path}"
            if n := len(failed - failures.keys()):
                others = "1 other test fails" if n == 1 else f"{n} other tests fail"
                yield f"  {others} in the event loop's own order, which no such list covers"
        for test in sorted(self._tests.keys() & set(passing)):
            yield f"  {_written(test)} passes now: delete its line in {self._path}"


def _written(test: str) -> str:
    """Return a test's name as it stands in the file: in quotes if it is more than a plain line."""
    return test if test.isprintable() and test[0] not in '#"' else json.dumps(test)


def _read(written: str) -> str:
    """Return the name of a test, given what stands in the file."""
    with contextlib.suppress(ValueError):
        test: object = json.loads(written)
        if isinstance(test, str):
            return test
    return written


def _kinds(text: str, path: Path) -> set[bool]:
    """Return whether a schedule cancels a whole test; without a schedule, `True` and `False`."""
    if not text.strip():
        return {True, False}
    try:
        return {cancels_all(Schedule.parse(text.strip()))}
    except ValueError as error:
        raise pytest.UsageError(f"--explore-known: in {path}: {error}") from None
