"""How a schedule that fails is made small: by asking which simpler ones still fail."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import Schedule, schedules
from awaits.testing.every import DelayDict
from awaits.testing.shrink import shrink

TWICE = Schedule({(1, 2): "idle"}, cancel=(1, 2, 3), native=True)


@pytest.mark.parametrize(
    ("needs", "smallest"),
    [
        ("", "Schedule()"),
        ("cancel", "Schedule(cancel=(1, 2))"),
        ("native", "Schedule(cancel=(1, 2), native=True)"),
        ("(1, 2, 3)", "Schedule(cancel=(1, 2, 3), native=True)"),
        ("'idle'", "Schedule({(1, 2): 'idle'})"),
    ],
)
def test_what_it_takes_to_fail_is_kept_and_the_simplest_of_it(needs: str, smallest: str) -> None:
    assert repr(shrink(TWICE, lambda schedule: needs in repr(schedule))) == smallest


@pytest.mark.parametrize("least", [1, 2, 5, 7, 8])
def test_a_delay_is_made_as_short_as_still_fails(least: int) -> None:
    def fails(schedule: Schedule) -> bool:
        assert not callable(schedule.delays)
        return schedule.delays.get((1, 2), 0) in range(least, 9)

    assert repr(shrink(Schedule({(1, 2): 8}), fails)) == f"Schedule({{(1, 2): {least}}})"


OTHERS: DelayDict = {(task, 1): 35 for task in range(2, 9)}


@pytest.mark.parametrize(
    ("delays", "smallest"),
    [
        # With fewer delayed steps, what counts the steps of others ends sooner.
        ({(1, 1): 35, **OTHERS, (9, 36): "idle"}, {(1, 1): "idle", (9, 36): "idle"}),
        ({(1, 1): 8, (2, 1): 8}, {(1, 1): 1}),  # once one is shorter, the other is not needed
        ({(1, "every"): 10, (2, "every"): 2}, {(1, "every"): 3}),
        ({(1, "every"): "idle", (2, 1): 1}, {(1, "every"): 3}),
    ],
    ids=["longer", "shorter", "of all steps", "of all steps, until nothing else can run"],
)
def test_delays_that_are_needed_together_are_replaced_by_fewer(
    delays: DelayDict, smallest: DelayDict
) -> None:
    def fails(schedule: Schedule) -> bool:
        given = cast("DelayDict", schedule.delays)
        return given == delays or (
            smallest.items() <= given.items() and given.get((2, 1)) != "idle"
        )

    assert shrink(Schedule(delays), fails) == Schedule(smallest)


def test_longer_delays_are_tried_before_one_is_left_out_that_they_need() -> None:
    delays: DelayDict = {(1, 1): 35, **OTHERS, (9, 36): "idle"}
    smallest: DelayDict = {(1, 1): "idle", (9, 36): "idle"}
    without = {key: late for key, late in delays.items() if late != "idle"}

    def fails(schedule: Schedule) -> bool:
        late = cast("DelayDict", schedule.delays)
        are_few = len(late) < len(delays)
        return late in (delays, without) or (are_few and smallest.items() <= late.items())

    assert shrink(Schedule(delays), fails) == Schedule(smallest)


def test_shrinking_ends_when_it_may_ask_no_more() -> None:
    asked: list[Schedule] = []

    def fails(schedule: Schedule) -> bool:
        asked.append(schedule)
        return False

    schedule = Schedule({(1, step): 3 for step in range(1, 50)})
    assert repr(shrink(schedule, fails, most=7)) == repr(schedule)
    assert len(asked) == 7


def test_shrinking_ends_after_so_many_steps_of_all_runs() -> None:
    asked: list[Schedule] = []

    def fails(schedule: Schedule) -> bool:
        asked.append(schedule)
        schedule.ran = (1,) * 100_000  # as in a livelock
        return False

    delays: dict[tuple[int, int], int] = {
        (task, step): 1 for task in (1, 2) for step in range(1, 30)
    }
    shrink(Schedule(delays), fails, most_steps=1_000_000)
    assert len(asked) == 11


def test_a_single_delay_may_do_what_those_of_several_tasks_did() -> None:
    def fails(schedule: Schedule) -> bool:
        return repr(schedule) in (many, few)

    few = "Schedule({(1, 5): 'idle'})"
    many = "Schedule({(1, 4): 'idle', (1, 5): 'idle', (2, 2): 'idle', (2, 3): 'idle'})"
    assert repr(shrink(Schedule.parse(many), fails)) == few


@given(schedule=schedules(), data=st.data())
def test_no_schedule_is_tried_twice_and_not_the_one_that_is_known(
    schedule: Schedule, data: st.DataObject
) -> None:
    asked: list[Schedule] = []

    def fails(schedule: Schedule) -> bool:
        asked.append(schedule)
        return data.draw(st.booleans())

    small = shrink(schedule, fails)
    assert schedule not in asked
    assert len(set(asked)) == len(asked)
    assert small in [schedule, *asked]


def shrunk(delays: DelayDict, *failing: DelayDict) -> Schedule:
    """Return what a schedule shrinks to where these alone fail."""
    fail = [Schedule(it) for it in (delays, *failing)]
    return shrink(fail[0], fail.__contains__)


def test_some_delays_are_left_out_though_each_half_of_them_is_needed() -> None:
    needed = {(1, 2), (1, 9)}

    def fails(schedule: Schedule) -> bool:
        assert not callable(schedule.delays)
        return needed <= schedule.delays.keys()

    small = shrink(Schedule({(1, step): 1 for step in range(2, 10)}), fails)
    assert small == Schedule({(1, 2): 1, (1, 9): 1})


def test_one_delay_may_be_as_long_as_several_together() -> None:
    assert shrunk({(1, 2): 2, (1, 3): 3}, {(1, 3): 5}) == Schedule({(1, 3): 5})


def test_delays_that_are_left_over_are_replaced_by_one() -> None:
    many: DelayDict = {(1, 2): 1, (1, 3): 1, (1, 4): 1}
    assert shrunk(many, {(1, 2): 1, (1, 3): 1}, {(1, 2): 2}) == Schedule({(1, 2): 2})
