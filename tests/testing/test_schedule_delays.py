"""What a schedule can say: steps until nothing else can run, every step, and a function."""

from enum import IntEnum, StrEnum
from typing import Any, Literal

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import Schedule, schedules
from awaits.testing.backends import running
from awaits.testing.deviations import Delayed, Late
from tests.testing.shared import Log, play, steps

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("delays", "order"),
    [
        ({(1, 1): "idle"}, "b1 b2 b3 a1 a2 a3"),
        ({(1, 2): "idle"}, "a1 b1 b2 b3 a2 a3"),
        ({(1, 1): "idle", (2, 1): "idle"}, "a1 a2 a3 b1 b2 b3"),
        ({(1, "every"): 1}, "b1 a1 b2 b3 a2 a3"),
        ({(1, "every"): 9}, "b1 b2 b3 a1 a2 a3"),
        ({(1, "every"): "idle"}, "b1 b2 b3 a1 a2 a3"),
        ({(2, "every"): 1}, "a1 a2 b1 a3 b2 b3"),
        # What is said of one step holds for it, and not what is said of every step.
        ({(1, "every"): "idle", (1, 1): 1}, "b1 a1 b2 b3 a2 a3"),
    ],
)
async def test_which_steps_and_how_long(delays: Delayed, order: str) -> None:
    assert await play(Schedule(delays), "a", "b") == order


async def test_a_function_is_asked_for_each_step_of_each_task() -> None:
    asked: list[tuple[int, int]] = []

    def delay(task: int, step: int) -> Late:
        asked.append((task, step))
        return {(1, 1): 1, (1, 2): "idle"}.get((task, step), 0)  # type: ignore[return-value]

    by_function = await play(Schedule(delay), "a", "b")

    assert by_function == await play(Schedule({(1, 1): 1, (1, 2): "idle"}), "a", "b")
    assert {(task, step) for task in (1, 2) for step in (1, 2, 3)} <= set(asked)


@pytest.mark.parametrize("number", [-1, 1.5, True, False, "later", None])
async def test_what_a_function_returns_must_be_a_delay(number: object) -> None:
    def delay(_task: int, step: int) -> Late:
        return number if step == 2 else 0  # type: ignore[return-value]

    with pytest.raises(
        ValueError, match=r"must be whole numbers of at least 1, (not|or .*, not) "
    ) as caught:
        await play(Schedule(delay), "a", "b")
    assert str(caught.value).endswith(f"not {number!r}.")


@pytest.mark.parametrize(
    "delays",
    [
        {(True, 1): 1},
        {(1, True): 1},
        {(1, 1): True},
        {(1, "every"): False},
        {("every", 1): 1},
        {(1, 1): "every"},
        {(1, "idle"): 1},
    ],
)
def test_a_truth_is_no_number_and_each_word_has_its_place(delays: Delayed) -> None:
    with pytest.raises(ValueError, match=r"must be whole numbers of at least 1, (not|or .*, not) "):
        Schedule(delays)


def test_a_type_checker_takes_a_mapping_of_every_kind_of_key() -> None:
    single: dict[tuple[int, int], Literal["idle"]] = {(1, 2): "idle"}
    every: dict[tuple[int, Literal["every"]], int] = {(1, "every"): 3}
    both: dict[tuple[int, int | Literal["every"]], Late] = {(1, 2): "idle", (1, "every"): 3}
    assert repr([Schedule(single), Schedule(every)]) == (
        "[Schedule({(1, 2): 'idle'}), Schedule({(1, 'every'): 3})]"
    )
    assert repr(Schedule(both)) == "Schedule({(1, 2): 'idle', (1, 'every'): 3})"


@pytest.mark.parametrize("jitter", [-1, float("inf"), float("nan"), True, "1", None])
def test_a_jitter_is_a_number_of_seconds(jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter must be a number of seconds of at least 0, not "):
        Schedule({(1, 1): 1}, jitter=jitter)
    with pytest.raises(ValueError, match="jitter must be a number of seconds of at least 0, not "):
        schedules(jitter=jitter)


async def test_a_delay_beside_a_task_that_waits_busily_ends() -> None:
    done = False

    async def busy() -> None:
        while not done:
            await checkpoint()

    async def finish() -> None:
        nonlocal done
        done = True

    with Schedule({(2, 1): "idle"}):
        async with anyio.create_task_group() as group:
            group.start_soon(busy)
            group.start_soon(finish)
    assert done


@pytest.mark.virtual_time
async def test_a_delay_is_explained_that_lets_time_pass_and_nobody_go_ahead() -> None:
    schedule, log = Schedule({(1, 2): "idle"}, jitter=5), Log()

    async def late() -> None:
        await anyio.sleep(1)
        log.append(f"came at {anyio.current_time()}")

    with schedule:
        with anyio.move_on_after(4):
            async with anyio.create_task_group() as group:
                group.start_soon(late)
    # The deadline of 4 s came first, though nobody took a step: without the delay, it came at 1.0.
    # On asyncio, a cancel scope does not reach a task whose sleep is over.
    assert log == (["came at 4.0"] if running() == "asyncio" else [])
    first, line, *_ = schedule.explanation.splitlines()
    assert first == "What Schedule({(1, 2): 'idle'}, jitter=5) did:"
    assert line.startswith("  delayed before step 2, by 3 s: task 1, ")


@pytest.mark.virtual_time
async def test_a_task_that_is_late_at_each_try_does_not_try_for_ever() -> None:
    n_tries = 0

    async def call() -> None:
        nonlocal n_tries
        answered = False
        while not answered:
            n_tries += 1
            with anyio.move_on_after(5):
                await anyio.sleep(1)
                answered = True

    with Schedule({(1, "every"): "idle"}, jitter=5):
        async with anyio.create_task_group() as group:
            group.start_soon(call)
    # On asyncio, a cancel scope does not reach a task whose sleep is over.
    assert n_tries == (1 if running() == "asyncio" else 1_000)


async def test_what_did_nothing_says_so() -> None:
    schedule, log = Schedule({(9, 9): 9}), Log()
    with schedule:
        await steps("a", 2, log)
    assert schedule.explanation == "Schedule({(9, 9): 9}) did nothing."


# As text.


@given(
    schedules(),
    st.floats(0, 1e9) | st.integers(0, 9),
    st.none() | st.integers(1, 99),
)
def test_what_is_printed_can_be_read(schedule: Schedule, jitter: float, cancel: int | None) -> None:
    delays = schedule.delays
    assert not callable(delays)
    for printed in (schedule, Schedule(delays, jitter=jitter, cancel=cancel)):
        again = Schedule.parse(f"  {printed!r}\n")
        assert repr(again) == repr(printed)
        assert again == printed
        assert hash(again) == hash(printed)
        assert (again.delays, again.jitter) == (printed.delays, printed.jitter)


def test_schedules_are_equal_if_they_are_made_of_the_same() -> None:
    def delays(_task: int, step: int) -> int:
        return step

    different = [
        Schedule(),
        Schedule({(1, 2): 3}),
        Schedule({(1, 2): "idle"}),
        Schedule({(1, 3): 3}),
        Schedule(delays),
        Schedule(jitter=1),
        Schedule(cancel=2),
        Schedule(cancel=(1, 2)),
        Schedule(cancel=2, native=True),
    ]
    assert len(set(different)) == len(different)
    assert Schedule({(1, 3): "idle", (1, 2): 3}) == Schedule({(1, 2): 3, (1, 3): "idle"})
    assert Schedule(delays) == Schedule(delays)
    assert Schedule() != "Schedule()"


class Task(IntEnum):
    READER = 2


class Kind(StrEnum):
    IDLE = "idle"
    EVERY = "every"


class Seconds(float):
    def __repr__(self) -> str:
        return f"Seconds({float(self)})"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ({"delays": {(Task.READER, 3): Task.READER}}, "{(2, 3): 2}"),
        ({"delays": {(Task.READER, Kind.EVERY): Kind.IDLE}}, "{(2, 'every'): 'idle'}"),
        ({"cancel": Task.READER}, "cancel=2"),
        ({"cancel": (Task.READER, 3)}, "cancel=(2, 3)"),
        ({"cancel": (Task.READER, 3, 4), "native": True}, "cancel=(2, 3, 4), native=True"),
        ({"jitter": Seconds(0.5)}, "jitter=0.5"),
        ({"jitter": Task.READER}, "jitter=2"),
    ],
)
def test_the_numbers_that_are_printed_are_plain_ones(
    arguments: dict[str, Any], printed: str
) -> None:
    assert repr(Schedule(**arguments)) == f"Schedule({printed})"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a schedule: "),
        ("Schedule(", "is not a schedule: "),
        ("Schedule", "is not a schedule, such as Schedule({(1, 2): 3})."),
        ("exit()", "is not a schedule, such as Schedule({(1, 2): 3})."),
        ("kit.Schedule()", "is not a schedule, such as Schedule({(1, 2): 3})."),
        (
            "Schedule({(1, 2): 0})",
            "whole numbers of at least 1, or 'idle' for a delay, not 0",
        ),
        ("Schedule(speed=2)", "is not a schedule: "),
        ("Schedule(cancel=1, cancel=2)", "is not a schedule: a keyword is given twice."),
        (
            "Schedule(open('x'))",
            "is not a schedule: only numbers, strings and brackets are allowed.",
        ),
        ("Schedule({}, {})", "is not a schedule: "),
        ("Schedule(**{'jitter': 1})", "is not a schedule: "),
        ("Schedule(lambda task, step: 1)", "is not a schedule: "),
        (None, "is not a schedule, such as Schedule({(1, 2): 3})."),
        pytest.param("-" * 100_000 + "1", "is not a schedule: it is nested too deeply.", id="deep"),
    ],
)
def test_what_is_no_schedule_is_not_read(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="is not a schedule") as caught:
        Schedule.parse(text)
    assert str(caught.value).startswith(repr(text))
    assert reason in str(caught.value)
