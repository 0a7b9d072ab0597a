"""What a user of pytest and Hypothesis sees of a schedule."""

from collections import Counter
from collections.abc import Callable

import anyio
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from awaits.testing import Schedule, schedules
from tests.testing.shared import play

COUNTER = """
    import anyio, pytest
    from hypothesis import Phase, example, given, settings
    from hypothesis.database import DirectoryBasedExampleDatabase
    from awaits.testing import Schedule, schedules

    pytestmark = pytest.mark.anyio
    tried = []

    %s
    async def test_no_update_is_lost(schedule: Schedule):
        counter = 0

        async def add():
            nonlocal counter
            before = counter
            await anyio.sleep(0)
            counter = before + 1

        async def add_later():
            for _ in range(3):
                await anyio.sleep(0)
            await add()

        with schedule:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(add)
                tasks.start_soon(add_later)
        with open("tried.txt", "a") as file:
            print(counter == 2, file=file)
        assert counter == 2
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")

    def run(decorators: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(COUNTER % decorators)
        return pytester.runpytest("-p", "no:cacheprovider", *args)

    return run


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_failure_is_shrunk_explained_and_replayed_from_the_database(
    run: Callable[..., pytest.RunResult],
    pytester: pytest.Pytester,
    backend: str,
) -> None:
    decorators = """
    @settings(database=DirectoryBasedExampleDatabase("saved"), deadline=None, max_examples=1_000)
    @given(schedule=schedules())"""
    tried = pytester.path / "tried.txt"
    for first in ("True", "False"):  # the simplest schedule breaks nothing; a saved one does
        tried.unlink(missing_ok=True)
        result = run(decorators, f"--anyio-backends={backend}")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*schedule=Schedule({(1, *): *}),*",
                "*What Schedule({(1, *): *}) did:",
                "*  delayed before step *: task 1, *; * ahead:",
                "*    task 2, *",
            ]
        )
        assert tried.read_text().startswith(first)


def test_the_cancellation_of_another_task_is_a_failure_like_any_other(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile("""
        import asyncio, pytest
        from hypothesis import given, settings
        from awaits.testing import schedules

        async def work():
            await asyncio.sleep(0)

        @pytest.mark.anyio
        @settings(database=None, deadline=None, max_examples=1_000)
        @given(schedule=schedules())
        async def test_it(anyio_backend, schedule):
            with schedule:
                task = asyncio.create_task(work())
                for _ in range(4):
                    await asyncio.sleep(0)
                task.cancel()
                await task
    """)
    result = pytester.runpytest("-p", "no:cacheprovider", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*RuntimeError: asyncio.CancelledError came out, though nobody has cancelled *",
            "*schedule=Schedule({(1, *): *}),",
            "*What Schedule({(1, *): *}) did:",
        ]
    )


def test_a_printed_schedule_can_be_pasted_and_fails_on_both_event_loops(
    run: Callable[..., pytest.RunResult],
) -> None:
    decorators = """
    @settings(phases=[Phase.explicit])
    @example(schedule=Schedule({(1, 2): 3}))
    @given(schedule=schedules())"""
    run(decorators, "--anyio-backends=asyncio,trio").assert_outcomes(failed=2)


def test_a_schedule_by_hand_needs_no_hypothesis(run: Callable[..., pytest.RunResult]) -> None:
    decorators = '@pytest.mark.parametrize("schedule", [Schedule(), Schedule({(1, 2): 3})])'
    result = run(decorators, "--anyio-backends=asyncio,trio")
    result.assert_outcomes(passed=2, failed=2)


@pytest.mark.parametrize(
    ("asks", "name"),
    [
        ("from awaits.testing import schedules; schedules()", "schedules()"),
        ("import awaits.testing.stateful", "awaits.testing.stateful"),
    ],
)
def test_where_hypothesis_is_missing_a_sentence_says_how_to_get_it(
    pytester: pytest.Pytester, asks: str, name: str
) -> None:
    result = pytester.runpython_c(f"import sys; sys.modules['hypothesis'] = None; {asks}")
    assert result.ret == 1
    assert result.stderr.lines[-1] == (
        f"ModuleNotFoundError: {name} needs Hypothesis, which is not installed; "
        "install it with: pip install hypothesis"
    )


def test_an_event_loop_that_cannot_be_steered_skips_the_test(
    run: Callable[..., pytest.RunResult],
) -> None:
    result = run("@given(schedule=schedules())", "--anyio-backends=asyncio+uvloop", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["*asyncio+uvloop has neither virtual time nor another order of its tasks*"]
    )


def test_the_first_four_tasks_are_delayed_more_often_than_those_after_them() -> None:
    tasks: Counter[int] = Counter()

    @settings(database=None, derandomize=True, max_examples=1_000, phases=[Phase.generate])
    @given(schedule=schedules())
    def draw(schedule: Schedule) -> None:
        assert not callable(schedule.delays)
        tasks.update(task for task, _ in schedule.delays)

    draw()
    assert max(tasks) > 20
    for task in (1, 2, 3, 4):
        assert tasks[task] > 4 * max(tasks[later] for later in range(5, 33))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_only_the_example_that_is_told_remembers_where_its_tasks_stood(backend: str) -> None:
    lanes: list[str] = []

    @settings(database=None, max_examples=1)
    @given(schedule=st.builds(Schedule, st.just({(1, 1): 1})))
    def fails(schedule: Schedule) -> None:
        anyio.run(play, schedule, "a", "b", backend=backend)
        lanes.append(schedule.lanes)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert "(delayed)" in lanes.pop()
    assert set(lanes) == {""}
