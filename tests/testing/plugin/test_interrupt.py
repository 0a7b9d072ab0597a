"""Ctrl-C ends a test in virtual time that never ends, wherever in the event loop it comes."""

import pytest

from tests.testing.plugin.shared import Apart

HEAD = """
    import anyio, pytest
    pytestmark = pytest.mark.anyio
"""

# Ctrl-C comes between taking something from a queue and doing it: that is where it would be lost.
LOSSY = """
    import collections, queue, signal
    from awaits.testing.loops._asyncio.loop import VirtualEventLoop

    n_taken = 0

    def taken(item):
        global n_taken
        if "TimerHandle" not in repr(item):  # a task could do without it
            n_taken += 1
            if n_taken == 20:
                signal.raise_signal(signal.SIGINT)
        return item

    lossy = {"__name__": "asyncio.lossy", "deque": collections.deque, "taken": taken}
    taken.__globals__["__name__"] = "asyncio.lossy"
    exec(
        "class Lossy(deque):\\n    def popleft(self):\\n        return taken(super().popleft())",
        lossy,
    )

    @pytest.fixture(autouse=True)
    def ctrl_c(anyio_backend_name, monkeypatch):
        if anyio_backend_name == "trio":  # what runs there as a guest of anyio's
            get = queue.Queue.get
            monkeypatch.setattr(queue.Queue, "get", lambda self: taken(get(self)))
        else:
            begin = VirtualEventLoop.run_forever

            def run_forever(self):
                self._ready = lossy["Lossy"](self._ready)
                begin(self)

            monkeypatch.setattr(VirtualEventLoop, "run_forever", run_forever)
"""

NEVER = """
    async def ticks():
        while True:
            await anyio.sleep(1)

    @pytest.mark.virtual_time
    async def test_never():
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ticks)

    async def test_next():
        raise AssertionError("the session went on")
"""

BUSY = """
    import signal

    @pytest.mark.virtual_time
    async def test_busy():
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the test went on")
"""


MANY = """
    import signal
    n_steps = 0

    async def test_many():
        async def work(n):
            global n_steps
            for _ in range(n):
                await anyio.lowlevel.checkpoint()
                n_steps += 1
                if n_steps == 100:
                    signal.raise_signal(signal.SIGINT)

        async with anyio.create_task_group() as tasks:
            for n in (10, 15, 20):
                tasks.start_soon(work, n)

    async def test_next():
        raise AssertionError("the session went on")
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "option", ["--explore", "--explore=all:1", "--explore-cancel", "--explore --no-leftovers"]
)
def test_ctrl_c_ends_the_session_though_it_comes_in_a_group_of_errors(
    pytester: pytest.Pytester, apart: Apart, backend: str, option: str
) -> None:
    pytester.makepyfile(HEAD + MANY)
    result = apart("-p", "no:cacheprovider", f"--anyio-backends={backend}", *option.split())

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.no_fnmatch_line("*went on*")
    result.stdout.fnmatch_lines("*KeyboardInterrupt*")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(
    "tests", [LOSSY + NEVER, BUSY], ids=["in the event loop", "in the user's code"]
)
def test_ctrl_c_ends_the_session(
    pytester: pytest.Pytester, apart: Apart, backend: str, tests: str
) -> None:
    pytester.makepyfile(HEAD + tests)
    result = apart("-p", "no:cacheprovider", f"--anyio-backends={backend}")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    result.stdout.no_fnmatch_line("*went on*")
    result.stdout.fnmatch_lines("*KeyboardInterrupt*")
