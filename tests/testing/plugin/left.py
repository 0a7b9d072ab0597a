"""What tests of `--no-leftovers` share: how a test begins, and how it is run."""

import re
import textwrap

import pytest

HEAD = """
    import anyio, asyncio, concurrent.futures, contextlib, pytest, socket, threading, trio
    from hypothesis import given, strategies as st
    pytestmark = pytest.mark.anyio
    on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
    kept = []

    async def work():
        await anyio.sleep_forever()

    async def numbers():
        yield 1
        yield 2
"""

ON_ASYNCIO = "\n    @on_asyncio\n    async def test_it(anyio_backend):"
ON_BOTH = "\n    async def test_it():"
WITH_CONFIG = "\n    async def test_it(pytestconfig):"
OF_A_BODY = "\n    @pytest.mark.parametrize('body', [1])\n    async def test_it(body):"
TO_FILE = "\n    async def test_it(tmp_path):"


def run(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=HEAD + tests)
    args = args or ("--no-leftovers",)
    as_ever = ["-W", "default", "-W", "ignore::ResourceWarning"]  # errors, where we run
    return pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", *as_ever, *args)


def body(text: str, head: str = ON_BOTH) -> str:
    return f"{head}\n{textwrap.indent(textwrap.dedent(text).strip(), ' ' * 8)}"


def told(result: pytest.RunResult) -> set[str]:
    """What the failures list, without the numbers that differ between two runs."""
    blocks = re.findall(r"The test leaves behind:\n((?:  .*\n)+)", result.stdout.str())
    return {re.sub(r"'/.*/|\d{4,}", "", line.strip()) for line in "".join(blocks).splitlines()}


SOCKETS = body("mine = socket.socket()")
