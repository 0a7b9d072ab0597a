"""The checks that run a test: each run is a process of its own."""

import contextlib
import importlib
import multiprocessing
import os
import re
import sys
import sysconfig
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

from catalogue.runner.bugs import ROOT, Bug, Program
from catalogue.runner.checks import Check

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LONGEST = 15.0  # seconds that a run may take; who runs a suite waits no longer either
PRELOADED = ("anyio", "anyio.pytest_plugin", "hypothesis", "trio", "awaits.testing.plugin")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")  # of an object: no two runs have the same
WHERE = re.compile(r'^[ |]+(File "|    )|^[ |]+\^+$')  # in a traceback
# Of libraries, and of Python's own: on each machine they are elsewhere.
FOLDERS = [f"{sysconfig.get_path(name)}/" for name in ("purelib", "platlib", "stdlib")]
LINES = 40  # of what a run prints that are kept

Status: TypeAlias = Literal["passed", "failed", "absent", "hung"]


@dataclass
class Run:
    """What came of a run."""

    status: Status
    errors: list[str] = field(default_factory=list)
    """The names of the classes of what was raised, and of what these inherit from."""
    printed: str = ""
    seconds: float = 0.0


def arguments(bug: Bug, check: Check, program: Program) -> list[str]:
    """Return what pytest is given for a run."""
    path = bug.test.relative_to(ROOT)
    backend = check.backend or bug.backends[0]
    chosen = f"--anyio-backends={backend}"
    return [f"{path}::{check.test}", f"--program={program}", chosen, *check.options]


def run_all(cells: Iterable[tuple[Bug, Check, Program]], n_processes: int) -> Iterator[Run]:
    """Run tests, so many at the same time; yield what came of each, in the order given."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with ThreadPoolExecutor(n_processes) as pool:
        yield from pool.map(_run, cells)


def _run(cell: tuple[Bug, Check, Program]) -> Run:
    bug, check, program = cell
    if f"def {check.test}(" not in bug.test.read_text():
        return Run("absent")
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    given = arguments(bug, check, program)
    process = context.Process(target=_in_process, args=(given, theirs), daemon=True)
    process.start()
    theirs.close()
    begun = time.monotonic()
    try:
        if ours.poll(LONGEST):
            with contextlib.suppress(EOFError):
                run = ours.recv()
                assert isinstance(run, Run)
                return run
            process.join()
            raise RuntimeError(f"pytest {' '.join(given)} ended with {process.exitcode}.")
        hung = f"It had not ended after {LONGEST:g} seconds, and was killed."
        return Run("hung", printed=hung, seconds=time.monotonic() - begun)
    finally:
        process.kill()
        process.join()
        ours.close()


def _in_process(given: list[str], pipe: "Connection[Run, Run]") -> None:
    os.chdir(ROOT)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.dup2(silent, sys.__stderr__.fileno() if sys.__stderr__ else 2)
    for name in PRELOADED:
        importlib.import_module(name)
    recorder = Recorder()
    # The fork server has imported plugins before pytest could rewrite their assertions.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*given, *quiet], plugins=[recorder])
    if code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        pipe.send(recorder.run)
    pipe.close()
    os._exit(code)  # what a wrong program left running does not hold this up


class Recorder:
    """A plugin of pytest that notes how the test ended."""

    def __init__(self) -> None:
        self.run: Run = Run("absent")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.excinfo is not None:
            self.run.errors += _names(call.excinfo.value)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.run.seconds += report.duration
        if report.failed:
            self.run.status = "failed"
            self.run.printed += said(report)
        elif report.when == "call" and report.passed and self.run.status == "absent":
            self.run.status = "passed"


def _names(error: BaseException) -> list[str]:
    """Return the names of the classes of an error, and of those within it."""
    names = [cls.__name__ for cls in type(error).__mro__]
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            names += _names(inner)
    if error.__cause__ is not None:
        names += _names(error.__cause__)
    return sorted(set(names))


def said(report: pytest.TestReport) -> str:
    """Return what pytest marks as the error, and what the kit says of the order."""
    text = report.longreprtext
    lines = [line[1:].removeprefix("   ") for line in text.splitlines() if line.startswith("E ")]
    for title, section in report.sections:
        if title == "the order of its tasks":
            lines += ["", *section.splitlines()]
    lines = lines or [line for line in text.splitlines() if not WHERE.search(line)][-LINES:]
    printed = "\n".join(line.rstrip() for line in lines[:LINES]) + "\n"
    for folder in FOLDERS:
        printed = printed.replace(folder, "")
    return ADDRESS.sub("0x...", printed)
