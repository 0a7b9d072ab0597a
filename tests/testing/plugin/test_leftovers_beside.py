"""`pytest --no-leftovers` beside Hypothesis, orders, eager tasks, warnings and task factories."""

import asyncio
import builtins
import socket
import sys
import threading
import warnings

import pytest

from tests.testing.plugin.left import HEAD, ON_ASYNCIO, SOCKETS, body, run, told

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def test_each_example_of_hypothesis_is_judged(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    @given(n=st.integers(0, 1000))
    async def test_it(n):
        if n > 6:
            mine = socket.socket()
""",
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines("*n=7,*")


def test_each_order_of_an_explored_test_is_judged(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    async def test_it():
        order = []
        async def add(name):
            await anyio.lowlevel.checkpoint()
            order.append(name)
            if order == ["b"]:
                order.append(socket.socket())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(add, "a")
            tasks.start_soon(add, "b")
""",
        "--no-leftovers",
        "--explore=20",
        "--anyio-backends=asyncio",
    )

    result.assert_outcomes(failed=1)
    assert "socket ('0.0.0.0', 0), made at test_it.py:20, in test_it.<locals>.add" in told(result)
    result.stdout.fnmatch_lines("It replays with: @pytest.mark.explore(Schedule*")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 has the first eager tasks")
def test_a_task_of_an_eager_task_factory_is_left_like_any_other(
    pytester: pytest.Pytester,
) -> None:
    result = run(
        pytester,
        body(
            """
            loop = asyncio.get_running_loop()
            loop.set_task_factory(asyncio.eager_task_factory)
            kept.append(asyncio.create_task(work()))
            loop.set_task_factory(None)
            """,
            ON_ASYNCIO,
        ),
    )

    result.assert_outcomes(failed=1)
    assert told(result) == {"task work, waiting at test_it.py:8, made at test_it.py:18, in test_it"}


def test_nothing_stays_replaced(pytester: pytest.Pytester) -> None:
    def replaced() -> tuple[object, ...]:
        names = vars(warnings)["_showwarnmsg"], vars(socket.socket)["__init__"]
        return (*names, builtins.open, threading.Thread.start, asyncio.Runner.close)

    before = replaced()
    run(pytester, SOCKETS)
    assert replaced() == before


@pytest.mark.parametrize(
    ("given", "outcomes"), [("error", {"failed": 2}), ("default", {"passed": 2})]
)
def test_a_warning_of_what_nobody_knows_is_an_error_where_the_suite_says_so(
    pytester: pytest.Pytester, given: str, outcomes: dict[str, int]
) -> None:
    tests = """
    import warnings

    class Connection:
        def __del__(self):
            warnings.warn("unclosed", ResourceWarning, source=self)

    async def test_it():
        Connection()
    """
    pytester.makepyfile(test_it=HEAD + tests)
    result = pytester.runpytest_subprocess("--no-leftovers", "-W", given)

    result.assert_outcomes(**outcomes, warnings=0 if given == "error" else None)


def test_the_event_loop_has_its_own_task_factory_again(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(scope="module", autouse=True)
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module", autouse=True)
    async def loop(anyio_backend):
        factories = [asyncio.get_running_loop().get_task_factory()]
        yield factories
        assert factories == [None]
        assert asyncio.get_running_loop().get_task_factory() is None

    async def test_it():
        assert asyncio.get_running_loop().get_task_factory() is not None
    """
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_file_for_a_descriptor_that_somebody_else_closes_is_not_left(
    pytester: pytest.Pytester,
) -> None:
    tests = body("kept.append(open(1, 'w', closefd=False))", ON_ASYNCIO)
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_coroutine_that_a_garbage_collection_finds_is_not_the_tests(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import gc

    @on_asyncio
    @pytest.mark.no_leftovers(False)
    async def test_leaves(anyio_backend):
        gc.disable()
        cycle = [work()]
        cycle.append(cycle)

    @on_asyncio
    async def test_collects(anyio_backend):
        gc.enable()
        gc.collect()
    """
    result = run(pytester, tests)
    result.assert_outcomes(passed=2, warnings=1)  # pytest tells who was never awaited


@pytest.mark.parametrize(("n_turns", "outcome"), [(2, "passed"), (20, "failed")])
def test_a_socket_may_be_closed_a_few_turns_after_the_test(
    pytester: pytest.Pytester, n_turns: int, outcome: str
) -> None:
    tests = body(
        f"""
        mine, loop = socket.socket(), asyncio.get_running_loop()

        def close(n_turns):
            loop.call_soon(close, n_turns - 1) if n_turns else mine.close()

        close({n_turns})
        """,
        ON_ASYNCIO,
    )
    run(pytester, tests).assert_outcomes(**{outcome: 1})


def test_the_task_in_which_asyncio_closes_a_generator_is_not_left(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @on_asyncio
    async def test_it(anyio_backend):
        async def slow():
            try:
                yield 1
            finally:
                await anyio.sleep_forever()

        async for _ in slow():
            break
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) > 1
    """
    result = run(pytester, tests)
    assert told(result) == set()


def test_a_file_that_is_dropped_after_the_body_and_before_it_is_judged_is_told(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import asyncio, socket
    kept = []

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    async def test_it(tmp_path):
        kept.append(socket.socket())  # it may be closed in the next turns
        dropped = [open(tmp_path / "mine", "w")]
        asyncio.get_running_loop().call_soon(dropped.clear)
    """
    pytester.makepyfile(test_it=HEAD + tests)
    result = pytester.runpytest("--no-leftovers", "-W", "ignore")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines_random(["  socket *, made at *", "  file *mine', made at *"])
