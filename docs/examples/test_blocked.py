import time

import anyio
import pytest


async def ask() -> None:
    time.sleep(60)  # noqa: ASYNC251 on purpose


@pytest.mark.anyio
async def test_both_are_asked() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        tasks.start_soon(ask)
