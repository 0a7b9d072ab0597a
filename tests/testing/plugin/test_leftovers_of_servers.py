"""`--no-leftovers` and the tasks in which asyncio's servers handle their connections."""

import pytest

from tests.testing.plugin.left import run, told

HANDLED = """
    async def connected(answer):
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"yes")
            assert await reader.readexactly(3) == b"yes"
            writer.close()
"""


@pytest.mark.parametrize("explore", [[], ["--explore=all:1"], ["--explore", "--virtual-time"]])
def test_the_handler_of_a_server_may_end_some_turns_after_its_client(
    pytester: pytest.Pytester, explore: list[str]
) -> None:
    tests = """
    async def test_it():
        async def answer(reader, writer):
            try:
                while text := await reader.read(3):
                    writer.write(text)
            finally:
                writer.close()
                await writer.wait_closed()

        await connected(answer)
    """
    args = "--no-leftovers", "--anyio-backends=asyncio", *explore
    run(pytester, HANDLED + tests, *args).assert_outcomes(passed=1)


def test_the_handler_of_a_server_that_goes_on_is_left(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it():
        async def answer(reader, writer):
            writer.write(await reader.read(3))
            writer.close()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

        await connected(answer)
    """
    result = run(pytester, HANDLED + tests, "--no-leftovers", "--anyio-backends=asyncio")
    result.assert_outcomes(failed=1)
    assert told(result) == {"task answer, waiting at test_it.py:27"}
