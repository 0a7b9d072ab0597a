import time

import anyio
import pytest
from work import compute, wait


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_waits_are_side_by_side() -> None:
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(wait, number)
    assert anyio.current_time() == 0.1


def test_computing_takes_the_processor() -> None:
    before = time.process_time()
    compute(1)
    assert time.process_time() - before >= 0.1
