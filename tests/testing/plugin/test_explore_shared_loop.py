"""Orders of a test that run one after another in one event loop."""

import pytest

from tests.testing.plugin.shared import explore

POOL = """
    @pytest.mark.asyncio
    @pytest.mark.explore(cancel=True)
    async def test_pool():
        queue = asyncio.Queue()

        async def work():
            while True:
                await queue.get()
                await asyncio.sleep(1)
                queue.task_done()  # not if it is cancelled meanwhile

        workers = [asyncio.create_task(work()) for _ in range(2)]
        for number in range(4):
            queue.put_nowait(number)
        await queue.join()
        for worker in workers:
            worker.cancel()
"""


def test_tasks_that_an_order_has_cancelled_end_before_the_next_one_begins(
    pytester: pytest.Pytester,
) -> None:
    # If they were tasks 1 and 2 of the next order, the workers there would have other numbers.
    tests = f"\n    import asyncio\n    pytestmark = pytest.mark.virtual_time\n{POOL}"
    result = explore(pytester, tests, "-o", "explore=")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("It replays with: *Schedule(cancel=(1, 2))*")
