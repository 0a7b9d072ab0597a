import contextlib
from collections.abc import Awaitable, Callable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


async def with_retries(
    call: Callable[[], Awaitable[str]], *, tries: int, timeout: float, first_pause: float
) -> str:
    """Call until it succeeds; pause between tries, each time twice as long.

    Args:
        call: Raises `ConnectionError` when it fails.
        tries: How often to call at most.
        timeout: Seconds for each call.
        first_pause: Seconds after the first call that failed.

    Raises:
        TimeoutError: The last call took too long.
        ConnectionError: The last call failed.
    """
    for n in range(tries - 1):
        try:
            with anyio.fail_after(timeout):
                return await call()
        except (TimeoutError, ConnectionError):
            await anyio.sleep(first_pause * 2**n)
    with anyio.fail_after(timeout):
        return await call()


class Server:
    """Takes so many seconds for each answer; then fails, or succeeds in the end."""

    def __init__(self, *seconds: float) -> None:
        self.called_at: list[float] = []
        self._seconds = list(seconds)

    async def call(self) -> str:
        self.called_at.append(anyio.current_time())
        await anyio.sleep(self._seconds[len(self.called_at) - 1])
        if len(self.called_at) < len(self._seconds):
            raise ConnectionError
        return "here"


async def test_pauses_double() -> None:
    server = Server(0, 0, 0, 0)
    assert await with_retries(server.call, tries=4, timeout=5, first_pause=1) == "here"
    assert server.called_at == [0.0, 1.0, 3.0, 7.0]


async def test_a_call_that_takes_too_long_is_one_that_failed() -> None:
    server = Server(60, 2)
    assert await with_retries(server.call, tries=2, timeout=5, first_pause=1) == "here"
    assert server.called_at == [0.0, 6.0]
    assert anyio.current_time() == 8.0


async def test_the_last_failure_is_told_at_its_time() -> None:
    server = Server(0, 60, 0)
    with pytest.raises(TimeoutError):
        await with_retries(server.call, tries=2, timeout=5, first_pause=1)
    assert anyio.current_time() == 6.0


@given(seconds=st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=5))
async def test_however_slow_the_server_it_ends_in_time(seconds: list[float]) -> None:
    server = Server(*seconds, 0)
    with contextlib.suppress(TimeoutError, ConnectionError):
        await with_retries(server.call, tries=5, timeout=5, first_pause=1)
    assert anyio.current_time() <= 5 * 5 + 1 + 2 + 4 + 8
