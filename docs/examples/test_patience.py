from collections.abc import Awaitable, Callable

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def with_retries(call: Callable[[], Awaitable[str]], pauses: list[float]) -> str:
    """Call; after each failed connection, pause for the next of so many seconds and try again."""
    for pause in pauses:
        try:
            return await call()
        except ConnectionError:
            await anyio.sleep(pause)
    return await call()


async def test_the_third_try_succeeds_after_both_pauses() -> None:
    began = anyio.current_time()
    tries: list[float] = []

    async def call() -> str:
        tries.append(anyio.current_time() - began)
        if len(tries) < 3:
            raise ConnectionError
        return "here"

    assert await with_retries(call, [2, 4]) == "here"
    assert len(tries) == 3
    assert tries[2] >= 6


async def test_a_silent_server_is_given_up_after_five_seconds() -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(5):
        await anyio.sleep_forever()


async def test_one_job_a_second_is_begun() -> None:
    async def every_second(begun: list[float], n_jobs: int) -> None:
        for _ in range(n_jobs):
            begun.append(anyio.current_time())
            await anyio.sleep(1)

    begun: list[float] = []
    await every_second(begun, 6)
    assert begun[5] - begun[0] >= 5
