"""What tests of `--explore-cancel` share: a program with faults, and how its tests are run."""

import pytest

from tests.testing.plugin.shared import FORGETFUL

# The program stands in a module of its own: what a test's function raises is the test's.
PROGRAM = f"""{FORGETFUL}
    async def three_awaits():
        await closes()
        await forgets()
        await closes()

    async def in_two_tasks(work):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            tasks.start_soon(work)

    class Client:
        def __init__(self, forgets):
            self.forgets = forgets

        async def __aenter__(self):
            self.mine = socket.socket()
            return self

        async def __aexit__(self, *exc):
            if not (self.forgets and exc[0]):
                self.mine.close()

        async def ask(self):
            await anyio.sleep(1)

    async def complains():
        try:
            await anyio.sleep(1)
        except anyio.get_cancelled_exc_class():
            raise RuntimeError("not now")

    async def hangs():
        try:
            await anyio.sleep(1)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await anyio.Event().wait()

    async def keeps(kept):
        kept.append(socket.socket())
        await anyio.sleep(1)

    async def shields():
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
"""

HEAD = """
    import anyio, pytest, socket
    import program

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
"""

BOTH = "--anyio-backends=asyncio,trio"


def cancel(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_it=HEAD + tests)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest("--strict-markers", *as_ever, *(args or (BOTH, "--explore-cancel")))


def one(body: str) -> str:
    return f"\n    async def test_it():\n        {body}\n"
