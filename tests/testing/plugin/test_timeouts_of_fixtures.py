"""`pytest --anyio-timeout`: a fixture that hangs is an error, and tells where its tasks stand."""

import re
import textwrap

import pytest

from tests.testing.plugin.shared import HEAD

BACKENDS = "--anyio-backends=asyncio,trio,asyncio+uvloop"

HANG = """
    @pytest.fixture
    async def returns():
        await anyio.sleep(60)

    @pytest.fixture
    async def begins():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 60)
            await anyio.Event().wait()
            yield

    @pytest.fixture
    async def ends():
        yield
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 60)

    async def test_returns(returns): pass
    async def test_begins(begins): pass
    async def test_ends(ends): pass
    async def test_next(): await anyio.sleep(0)
"""


def run(pytester: pytest.Pytester, tests: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=f"{HEAD}{tests}")
    args = ("-p", "no:cacheprovider", "--anyio-timeout=0.2", *(args or (BACKENDS,)))
    return pytester.runpytest(*args)


def told(result: pytest.RunResult) -> list[str]:
    """The reports of what took too long, without the numbers of lines."""
    reports = re.findall(r"^(?:.* )?(After .*\n(?:.*  .*\n)+)", result.stdout.str(), re.MULTILINE)
    return [re.sub(r"test_it.py:\d+", "test_it.py", report) for report in reports]


def test_a_fixture_that_hangs_is_an_error_and_tells_where_it_stands(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, HANG)

    result.assert_outcomes(errors=9, passed=6)
    assert "CancelledError" not in result.stdout.str()
    lines = [line for report in told(result) for line in report.splitlines()]
    for head, stands in [
        ("'returns' is not set up:", "in returns, for a sleep of 60 s to end"),
        ("'begins' is not set up:", "in begins, for an Event to be set"),
        ("'ends' does not end:", "in ends, for the end of task "),
    ]:
        heads = [n for n, line in enumerate(lines) if line == f"After 0.2 s, the fixture {head}"]
        assert len(heads) == 3
        assert all(f"waits at test_it.py, {stands}" in lines[n + 1] for n in heads)


@pytest.mark.parametrize(
    ("plugin", "mark", "outcomes"),
    [
        ("pytest_asyncio", "asyncio", {"errors": 3, "passed": 2}),
        ("pytest", "trio", {"failed": 3, "passed": 1}),  # pytest-trio has fixtures fail with a test
    ],
)
def test_fixtures_of_pytest_asyncio_and_pytest_trio_are_watched(
    pytester: pytest.Pytester, plugin: str, mark: str, outcomes: dict[str, int]
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    tests = HANG.replace("pytest.fixture", f"{plugin}.fixture")
    head = f"import anyio, pytest, {plugin}\npytestmark = pytest.mark.{mark}\n"
    pytester.makepyfile(test_it=head + textwrap.dedent(tests))
    result = pytester.runpytest_subprocess("--anyio-timeout=0.2")

    result.assert_outcomes(**outcomes)
    reports = told(result)
    assert len(reports) == 3
    for report, stands in zip(
        reports, ["in returns, for", "in begins, for", "in ends, for"], strict=True
    ):
        assert f"waits at test_it.py, {stands}" in report


def test_fixtures_that_end_in_time_are_left_alone(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture
    async def group():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep_forever)
            yield tasks
            tasks.cancel_scope.cancel()

    @pytest.fixture(scope="module")
    async def wide():
        with anyio.CancelScope() as scope:
            yield scope

    @pytest.fixture
    async def fails():
        yield
        raise OSError("its own")

    class TestIt:
        @pytest.fixture
        async def own(self, request):
            self.seen = request.node.name
            await anyio.sleep(0.01)
            return self

        async def test_it(self, wide, group, own):
            assert own is self and self.seen.startswith("test_it")

    @pytest.fixture
    async def slow():
        await anyio.sleep(0.3)
        yield
        await anyio.sleep(0.3)

    async def test_fails(group, fails):
        pass

    @pytest.mark.anyio_timeout(None)
    async def test_kept_out(slow):
        pass
    """
    result = run(pytester, tests)

    result.assert_outcomes(passed=9, errors=3)
    assert result.stdout.str().count("OSError: its own") == 6  # in the report, and in the summary
    assert not told(result)


def test_one_that_waits_again_when_it_is_cancelled_is_cancelled_again(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    times = []

    @pytest.fixture
    async def stubborn():
        try:
            await anyio.sleep(60)
        finally:
            try:
                await anyio.sleep(30)
            except BaseException:
                times.append("again")
                raise

    async def test_it(stubborn): pass

    async def test_next():
        assert times.pop() == "again"
        await anyio.sleep(0.05)
        with anyio.fail_after(10):
            await anyio.sleep(0.05)
    """
    result = run(pytester, tests)

    result.assert_outcomes(errors=3, passed=3)
    assert len(told(result)) == 3


def test_a_fixture_that_blocks_the_event_loop_is_named(pytester: pytest.Pytester) -> None:
    tests = """
    import time

    @pytest.fixture
    async def blocks():
        time.sleep(60)

    async def test_it(blocks): pass
    async def test_next(): await anyio.sleep(0)
    """
    result = run(pytester, tests)

    result.assert_outcomes(errors=3, passed=3)
    head = "After 0.2 s, the fixture 'blocks' is not set up, and its event loop is blocked:"
    assert [report.splitlines()[0] for report in told(result)] == [head] * 3
    assert all("a task runs at test_it.py, in blocks" in report for report in told(result))
