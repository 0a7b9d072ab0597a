"""A deadlock under `--explore`, in the event loop's own order, is drawn like one in another."""

import pytest

from tests.testing.plugin.shared import run_tests

BOTH = "--anyio-backends=asyncio,trio"
HEAD = """
    pytestmark = pytest.mark.anyio
"""
RING = """
    async def test_ring():
        async def take_both(first, second):
            async with first:
                await anyio.sleep(0)
                async with second:
                    pass

        left, right = anyio.Lock(), anyio.Lock()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take_both, left, right)
            tasks.start_soon(take_both, right, left)
"""
LANES = [
    "*- the order of its tasks -*",
    "  1 *take_both * 2 *take_both*",
    "  not begun",
    "  Lock 'second', held by 2",
    " * Lock 'second', held by 1*",
]


@pytest.mark.parametrize("orders", ["10", "Schedule()", "all:1"])
def test_the_lanes_show_who_holds_what(pytester: pytest.Pytester, orders: str) -> None:
    result = run_tests(pytester, HEAD + RING, BOTH, "--virtual-time", f"--explore={orders}")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * LANES)


def test_it_is_not_drawn_where_it_fails_for_another_reason_again(pytester: pytest.Pytester) -> None:
    tests = """
    runs = {"asyncio": 0, "trio": 0}

    async def test_it(anyio_backend_name):
        runs[anyio_backend_name] += 1
        await anyio.sleep(0)
        assert runs[anyio_backend_name] == 1, "another reason"
        await anyio.Event().wait()
    """
    result = run_tests(pytester, HEAD + tests, BOTH, "--virtual-time", "--explore=10")

    result.assert_outcomes(failed=2)
    result.stdout.no_fnmatch_line(LANES[0])


def test_another_failure_at_first_is_told_as_without_exploring(pytester: pytest.Pytester) -> None:
    fails = """
    async def test_it():
        with open("runs", "a") as file:
            file.write(".")
        assert not await anyio.sleep(0) is None
    """
    options = "--anyio-backends=asyncio", "--virtual-time", "--explore=10"
    result = run_tests(pytester, HEAD + fails, *options)

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line(LANES[0])
    assert (pytester.path / "runs").read_text() == "."  # it ran once
