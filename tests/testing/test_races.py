"""Each of the seven bugs is missed by the loops' own order, found by Hypothesis, and shrunk."""

import ast
import functools
from traceback import format_exception

import pytest
from hypothesis import Phase, settings

from awaits.testing import DeadlockError, Schedule
from tests.testing.races import RACES, Found, falsify, play

pytestmark = [
    pytest.mark.parametrize("backend", ["asyncio", "trio"]),
    pytest.mark.parametrize("name", RACES),
]

# Always the same examples, so that no test here depends on luck; and nobody reads why they fail,
# which takes Hypothesis three times as long as all else.
BY_DEFAULT = settings(
    derandomize=True, max_examples=100, phases=[Phase.generate, Phase.target, Phase.shrink]
)


@functools.cache
def find(name: str, backend: str) -> Found | None:
    return falsify(RACES[name].wrong, backend, BY_DEFAULT)


def n_deviations(schedule: Schedule) -> int:
    """Count what a schedule changes, by what is printed of it."""
    call = ast.parse(repr(schedule), mode="eval").body
    assert isinstance(call, ast.Call)
    delays = [argument.keys for argument in call.args if isinstance(argument, ast.Dict)]
    return sum(map(len, delays)) + sum(it.arg == "cancel" for it in call.keywords)


def test_the_loops_own_order_passes_even_what_is_wrong(name: str, backend: str) -> None:
    play(RACES[name].wrong, Schedule(), backend)
    play(RACES[name].right, Schedule(), backend)


def test_what_is_wrong_is_broken_and_shrunk_to_at_most_three_deviations(
    name: str, backend: str
) -> None:
    found = find(name, backend)
    assert found is not None
    assert 1 <= n_deviations(found.schedule) <= 3
    if name == "two locks in opposite order":
        assert isinstance(found.error, DeadlockError)
        assert "".join(format_exception(found.error)).count("in two_locks.<locals>.move") >= 2
    else:
        assert isinstance(found.error, AssertionError)


def test_what_was_found_replays_in_another_run(name: str, backend: str) -> None:
    found = find(name, backend)
    assert found is not None
    schedule = eval(repr(found.schedule), {"Schedule": Schedule})  # noqa: S307 it was printed to be pasted
    with pytest.raises(type(found.error)):
        play(RACES[name].wrong, schedule, backend)


@pytest.mark.slow
def test_what_is_right_survives_a_thousand_schedules(name: str, backend: str) -> None:
    thousand = settings(derandomize=True, max_examples=1_000)
    assert falsify(RACES[name].right, backend, thousand) is None
