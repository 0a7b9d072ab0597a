"""How long a thread that is no worker holds time, with real seconds that are given."""

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest

from awaits.testing.loops import alone, real, sleeps, stacks
from tests.testing.loops.shared import threads_beside_no_loop


def held(seconds: list[float], does: list[str], *, is_served: bool = False) -> list[bool]:
    """Return when a thread holds time that does these things, in that order."""
    beside, is_over = threads_beside_no_loop(), threading.Event()
    thread = threading.Thread(target=is_over.wait)
    thread.start()
    try:
        with (
            mock.patch.object(alone, "_going_on", set[object]()),
            mock.patch.object(alone, "doing", side_effect=does),
            mock.patch.object(real, "seconds", side_effect=seconds),
        ):
            return [bool(beside.hold(lambda: is_served)) for _ in seconds]
    finally:
        is_over.set()
        thread.join()


@pytest.mark.real_time
def test_one_that_has_rested_holds_time_anew_for_a_while() -> None:
    seconds = [0.0, 0.9, 1.0, 1.2, 2.2, 3.0, 3.1, 3.4]
    does = ["works", "works", "rests", "works", "works", "rests", "works", "works"]
    assert held(seconds, does) == [True, True, False, True, False, False, True, False]


@pytest.mark.real_time
def test_those_that_work_by_turns_hold_time_anew_once_all_have_rested() -> None:
    seconds = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    does = ["works", "works", "rests", "works", "works", "works"]
    with mock.patch.object(alone, "SECONDS_ALONE", 1_000):
        assert held(seconds, does) == [True, True, False, True, True, False]


@pytest.mark.real_time
@pytest.mark.parametrize("is_served", [False, True])
def test_one_that_waits_outside_may_have_been_woken_where_the_system_tells(
    is_served: bool,
) -> None:
    expected = sleeps.SLEEPS_ARE_TOLD
    assert held([0.0], ["waits outside"], is_served=is_served) == [expected]


@pytest.mark.real_time
def test_one_of_a_pool_that_works_for_long_says_nothing_of_the_pool_s_other_jobs() -> None:
    may_end, works = threading.Event(), threading.Event()

    def job() -> None:
        works.set()
        may_end.wait()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(job)
        works.wait()
        (thread,) = (it for it in threading.enumerate() if it.name.startswith("ThreadPoolExecutor"))
        began = stacks.beginning(stacks.frames()[thread.ident or 0])
        may_end.set()
    assert began is job.__code__


@pytest.mark.real_time
@pytest.mark.parametrize(("are_servers", "seconds"), [(False, 2), (True, 10)])
def test_threads_that_work_by_turns_hold_time_until_it_is_known_that_they_work_for_themselves(
    are_servers: bool, seconds: int
) -> None:
    beside, is_over = threads_beside_no_loop(), threading.Event()
    thread = threading.Thread(target=is_over.wait)
    thread.start()
    with (
        mock.patch.multiple(alone, SECONDS_ALONE=1_000, SECONDS_OF_CALLERS=1_000),
        mock.patch.object(alone, "doing", return_value="works"),
        mock.patch.object(real, "seconds", side_effect=range(100)),
    ):
        held = [bool(beside.hold(lambda: are_servers)) for _ in range(12)]
        calls = threading.Thread(target=beside.alone.is_called)
        calls.start()
        held_again = bool(beside.hold(lambda: are_servers))
    is_over.set()
    calls.join()
    thread.join()
    assert held == [True] * seconds + [False] * (12 - seconds)
    assert held_again
