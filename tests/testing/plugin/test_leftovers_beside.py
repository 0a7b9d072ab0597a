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
