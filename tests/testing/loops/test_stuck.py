"""A run whose error nobody takes: it ends, and does not turn for ever."""

import asyncio
import gc
import math
import sys
from collections.abc import Awaitable, Callable, Iterator

import anyio
import pytest
import trio

from awaits.testing import DeadlockError, virtual_time
from tests.testing.loops.shared import on_both
from tests.testing.plugin.shared import run_tests

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def thrown_away() -> Iterator[None]:
    """Have Python complain here of the tasks that were left where they stood."""
    yield
    gc.collect()


async def stuck_on_asyncio() -> None:
    class Stuck(asyncio.Future[None]):
        def cancel(self, msg: object = None) -> bool:
            return msg is None  # it says that it is cancelled, and is not

    await Stuck()


async def stuck_on_trio() -> None:
    def abort(_raise_cancel: object) -> trio.lowlevel.Abort:
        return trio.lowlevel.Abort.FAILED

    await trio.lowlevel.wait_task_rescheduled(abort)


@pytest.mark.parametrize(
    ("backend", "main"), [("asyncio", stuck_on_asyncio), ("trio", stuck_on_trio)]
)
def test_an_error_that_nobody_takes_leaves_the_event_loop(
    backend: str, main: Callable[[], Awaitable[None]]
) -> None:
    with pytest.raises((DeadlockError, trio.TrioInternalError)) as raised:
        anyio.run(main, backend=backend, backend_options=virtual_time(backend))
    assert str(raised.value).startswith("At 0.0 s, nothing can ever run again:\n")


@on_both
@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [(math.inf, "nothing can ever run again"), (0, "time has stood still for 10 turns")],
)
def test_an_error_that_is_always_swallowed_leaves_the_event_loop(
    backend: str, seconds: float, sentence: str
) -> None:
    n_swallowed = 0

    async def main() -> None:
        nonlocal n_swallowed
        while n_swallowed < 1_000:
            try:
                while True:  # noqa: ASYNC110 it is to spin
                    await anyio.sleep(seconds)
            except (DeadlockError, asyncio.CancelledError):
                n_swallowed += 1

    options = virtual_time(backend, turns=10)
    with pytest.raises((DeadlockError, trio.TrioInternalError), match=rf"^At 0\.0 s, {sentence}"):
        anyio.run(main, backend=backend, backend_options=options)
    assert n_swallowed < 1_000


def test_it_fails_its_test_in_pytest_and_the_next_one_runs(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.mark.virtual_time
    @pytest.mark.parametrize("anyio_backend", ["trio"])
    async def test_stuck():
        import trio
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

    @pytest.mark.virtual_time
    async def test_next():
        await anyio.sleep(1)
    """
    result = run_tests(pytester, tests, "-W", "ignore")

    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines("E*DeadlockError: At 0.0 s, nothing can ever run again:")


def without_names(
    loop: asyncio.AbstractEventLoop, coroutine: object, **_: object
) -> asyncio.Task[None]:
    """Make a task as `asyncio.eager_task_factory` leaves it."""
    task: asyncio.Task[None] = asyncio.Task(coroutine, loop=loop)  # type: ignore[arg-type]
    task.set_name(None)
    return task


FACTORIES = [without_names]
if sys.version_info >= (3, 12):
    FACTORIES.append(asyncio.eager_task_factory)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_task_without_a_name_is_called_as_its_function(factory: object) -> None:
    async def philosopher() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)  # type: ignore[arg-type]
        await loop.create_task(philosopher())

    with pytest.raises(DeadlockError) as raised:
        anyio.run(main, backend_options=virtual_time("asyncio"))
    text = str(raised.value)
    assert "None waits" not in text
    assert "\n  task 1, philosopher, waits at " in text
