"""How `explore(cancel=True)` cancels tasks that tell `start` when they have started."""

import pytest

from tests.testing.plugin.shared import run_tests

HEAD = """
    import trio
    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time, pytest.mark.explore(cancel=True)]

    async def serve(*, task_status):
        await anyio.sleep(1)
        task_status.started(42)
        await anyio.sleep_forever()
"""


def test_one_that_has_started_is_cancelled_alone(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_takes_a_seat():
        seats = ["one"]

        async def serve(*, task_status):
            task_status.started()
            seat = seats.pop()
            await anyio.sleep(1)
            seats.append(seat)

        async with anyio.create_task_group() as tasks:
            await tasks.start(serve)
        assert seats == ["one"]
    """
    result = run_tests(pytester, HEAD + tests)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*cancelled before step 2: task 1, *serve, *"] * 2)


def test_who_waits_in_start_may_end_because_the_task_was_cancelled_before(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_itself():
        async with anyio.create_task_group() as tasks:
            assert await tasks.start(serve) == 42
            tasks.cancel_scope.cancel()

    async def test_in_another_task():
        async def begin():
            assert await tasks.start(serve) == 42
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(begin)

    async def test_one_that_starts_another_before():
        async def serve_both(*, task_status):
            task_status.started(await tasks.start(serve))

        async with anyio.create_task_group() as tasks:
            assert await tasks.start(serve_both) == 42
            tasks.cancel_scope.cancel()

    @pytest.mark.parametrize("anyio_backend", ["trio"])
    async def test_in_a_nursery_of_trios(anyio_backend):
        async with trio.open_nursery() as nursery:
            assert await nursery.start(serve) == 42
            nursery.cancel_scope.cancel()
    """
    result = run_tests(pytester, HEAD + tests)
    result.assert_outcomes(passed=7)
    assert ", 0 orders" not in result.stdout.str()


def test_who_waits_in_start_may_not_end_for_another_reason(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_another_task_ends_because_of_it():
        served = anyio.Event()

        async def opens():
            try:
                await anyio.sleep(2)
            finally:
                served.set()

        async def is_served(*, task_status):
            with anyio.move_on_after(1):
                await served.wait()
                return
            task_status.started(42)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(opens)
            assert await tasks.start(is_served) == 42

    async def test_its_clean_up_is_wrong():
        async def cleans_up(*, task_status):
            try:
                await anyio.sleep(1)
            except BaseException:
                raise RuntimeError("not now")
            task_status.started(42)

        async with anyio.create_task_group() as tasks:
            assert await tasks.start(cleans_up) == 42

    async def test_another_task_fails_then():
        was_cut_off = False

        async def notes_it(*, task_status):
            nonlocal was_cut_off
            try:
                await anyio.sleep(1)
            except anyio.get_cancelled_exc_class():
                was_cut_off = True
                raise
            task_status.started(42)

        async def checks():
            try:
                await anyio.sleep_forever()
            finally:
                assert not was_cut_off, "too soon"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(checks)
            assert await tasks.start(notes_it) == 42
            tasks.cancel_scope.cancel()
    """
    result = run_tests(pytester, HEAD + tests)
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(
        ["*hild exited without calling*"] * 2 + ["*not now*"] * 2 + ["*too soon*"] * 2
    )
    assert result.stdout.str().count("It replays with: ") == 6
