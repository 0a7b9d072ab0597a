"""A new strategy of `awaits compare` is a row in the table, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from awaits.checks import to_install
from awaits.compare import announced
from awaits.compare.advice import advice
from awaits.compare.measure import Failed, Measured, measure
from awaits.compare.strategies import STRATEGIES, Needs, Strategy, one_after_another, parse
from awaits.timeline import Span

ROW = Strategy(
    "in turn", one_after_another, Needs("no_such_library", "luck"), starts=7, on_event_loop=True
)
TASKS = [Span(1, 0.0, 1.0), Span(2, 1.0, 2.0)]


@pytest.fixture(autouse=True)
def a_new_row() -> Iterator[None]:
    with mock.patch.dict(STRATEGIES, {ROW.name: ROW}):
        yield


def test_its_name_is_read() -> None:
    assert parse(ROW.name) == ("sequential", ROW.name)


def test_the_announced_time_counts_the_programs_that_it_starts() -> None:
    alone = announced.Alone(seconds=0.0, start=1.0)

    one = announced.at_most(alone, 20, ["sequential"])
    assert announced.at_most(alone, 20, ["sequential", ROW.name]) == 8 * one


def test_the_announced_time_leaves_room_for_a_machine_that_is_busier_by_half() -> None:
    alone = announced.Alone(seconds=2.0, start=1.0)

    assert announced.at_most(alone, 10, ["sequential"]) == 1.5 * (10 * 2.0 + 1.0)


def test_what_it_needs_is_told() -> None:
    sentence = f"no_such_library is not installed; {to_install('luck')}"
    assert measure(ROW.name, "pause", 1) == Failed(sentence)


def test_the_advice_knows_that_it_is_an_event_loop() -> None:
    took = Measured(2.0, 0.0, 0, TASKS)

    assert "On an event loop, each blocked all others" in advice(
        {"sequential": took, ROW.name: took}
    )


SITE = """
from awaits.compare.strategies import STRATEGIES, Strategy, one_after_another
STRATEGIES["backwards"] = Strategy("backwards", lambda work, n: one_after_another(work, n)[::-1])
"""


def test_the_command_line_measures_it(tmp_path: Path) -> None:
    # Python imports a module of this name when it starts: also in the process that measures.
    tmp_path.joinpath("sitecustomize.py").write_text(SITE)
    command = [sys.executable, "-m", "awaits", "compare", "-n", "2", "--strategies", "backwards"]

    printed = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "\nbackwards " in printed
    assert "failed" not in printed
