"""The kit beside other plugins of pytest: `nox --session beside`, which installs them.

They would disturb this project's own tests, so no other session has them.
"""

import importlib.metadata
import subprocess
import sys
from textwrap import dedent

import pytest

TESTS = """
import anyio
import pytest
from hypothesis import given, strategies as st

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lock():
    await anyio.sleep(0.001)
    yield anyio.Lock()
    await anyio.sleep(0.001)


async def test_right(lock):
    async with lock:
        await anyio.sleep(0)


@given(n=st.integers(0, 3))
async def test_drawn(n):
    await anyio.sleep(0)


@pytest.mark.virtual_time
async def test_hour(virtual_clock):
    await anyio.sleep(3600)
    assert virtual_clock.time() == 3600


@pytest.mark.virtual_time
async def test_deadlock():
    await anyio.Event().wait()


@pytest.mark.explore(orders=40)
async def test_race():
    n_sold = 0

    async def sell(pauses):
        nonlocal n_sold
        for _ in range(pauses):
            await anyio.sleep(0)
        before = n_sold
        await anyio.sleep(0)
        n_sold = before + 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sell, 0)
        tasks.start_soon(sell, 4)
    assert n_sold == 2


@pytest.mark.no_leftovers
async def test_leaves():
    test_leaves.kept = open(__file__)


@pytest.mark.anyio_timeout(0.3)
async def test_hangs():
    await anyio.sleep(60)


def test_sync():
    pass
"""
PASS = {"right", "drawn", "hour", "sync"}
FAIL = {
    "deadlock": "DeadlockError: At 0.0 s, nothing can ever run again",
    "race": "It replays with: @pytest.mark.explore(Schedule(",
    "leaves": "The test leaves behind",
    "hangs": "After 0.3 s, the test has not ended",
}

# What each is called as a plugin, and options of its own.
PLUGINS: dict[str, tuple[list[str], list[str]]] = {
    "nothing else": ([], []),
    "detangle": (["detangle"], []),
    "looptime": (
        ["looptime_plugin", "looptime_chronometers", "looptime_timeproxies", "asyncio"],  # needs it
        ["--looptime"],
    ),
    "pytest-asyncio": (["asyncio"], []),
    "pytest-cov": (["pytest_cov"], ["--cov=."]),
    "pytest-randomly": (["randomly"], []),
    "pytest-repeat": (["repeat"], ["--count=2"]),
    "pytest-rerunfailures": (["rerunfailures"], ["--reruns=1"]),
    "pytest-timeout": (["timeout"], ["--timeout=60"]),
    "pytest-timeout, in a thread": (["timeout"], ["--timeout=60", "--timeout-method=thread"]),
    "pytest-trio": (["trio"], []),
    "pytest-twisted": (["twisted"], []),
    "pytest-xdist": (["xdist", "xdist.looponfail"], ["-n", "2"]),
}
ALL = sorted({name for names, _ in PLUGINS.values() for name in names})


def run(pytester: pytest.Pytester, names: list[str], options: list[str], tests: str) -> str:
    """Run tests with those plugins alone, and return what is printed."""
    pytester.makepyfile(test_it=tests)
    pytester.makeini("[pytest]")
    off = [it for name in ALL if name not in names for it in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-rA", "--anyio-backends=asyncio,trio", *off]
    if "asyncio" in names:
        options = ["-o", "asyncio_default_fixture_loop_scope=function", *options]
    return subprocess.run(
        [*command, *options], stdout=subprocess.PIPE, text=True, check=False
    ).stdout


def check(printed: str) -> None:
    """Compare outcomes and reports with those of the kit alone."""
    lines = [line.split() for line in printed.splitlines() if "test_it.py::" in line]
    names = {
        outcome: {
            it[1].partition("::test_")[2].partition("[")[0] for it in lines if it[0] == outcome
        }
        for outcome in ("PASSED", "FAILED", "ERROR")
    }
    assert names == {"PASSED": PASS, "FAILED": set(FAIL), "ERROR": set()}, printed
    for name, report in FAIL.items():
        assert printed.count(report) >= 2, f"{name}: on both event loops"


def test_all_of_them_are_here() -> None:
    entries = importlib.metadata.entry_points(group="pytest11")
    assert set(ALL) <= {entry.name for entry in entries}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_kit_works_beside(pytester: pytest.Pytester, plugin: str) -> None:
    names, options = PLUGINS[plugin]
    check(run(pytester, names, options, TESTS))


def test_the_kit_works_beside_all_of_them_at_once(pytester: pytest.Pytester) -> None:
    options = [option for _, given in PLUGINS.values() for option in given]
    check(run(pytester, ALL, options, TESTS))


@pytest.mark.parametrize(
    ("name", "option", "culprit"),
    [
        ("asyncio", "asyncio_mode=auto", "pytest-asyncio"),
        ("trio", "trio_mode=true", "pytest-trio"),
    ],
)
def test_one_that_takes_the_tests_of_the_other_event_loop_is_named(
    pytester: pytest.Pytester, name: str, option: str, culprit: str
) -> None:
    printed = run(pytester, [name], ["-o", option], TESTS)
    here, other = ("asyncio", "trio") if name == "asyncio" else ("trio", "asyncio")
    for test in ("drawn", "hour", "race"):
        test_id = f"test_it.py::test_{test}[{other}]"
        assert f"{test_id}: labelled {other}, but run on {here} by {culprit} " in printed


@pytest.mark.parametrize(
    ("how", "outcomes"),
    [("--explore=10", "2 failed, 1 passed"), ("--explore-cancel", "1 failed, 2 passed")],
)
def test_a_flaky_test_is_run_again_and_one_that_an_order_breaks_fails(
    pytester: pytest.Pytester, how: str, outcomes: str
) -> None:
    tests = """
        import anyio, pytest
        pytestmark = pytest.mark.anyio
        runs = []

        async def test_flaky():
            runs.append(1)
            assert len(runs) > 1

        async def test_wrong():
            assert not "right"

        async def test_race():
            order = []
            async def work(n):
                await anyio.sleep(0)
                order.append(n)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work, 0)
                tasks.start_soon(work, 1)
            assert order == [0, 1]
    """
    options = [how, "--reruns=1", "-k", "asyncio"]
    printed = run(pytester, ["rerunfailures"], options, dedent(tests))
    assert outcomes in printed, printed
    assert " 3 rerun in " in printed  # of a test that fails again, the first run counts, too
    assert "PASSED test_it.py::test_flaky[asyncio]" in printed


HANGS = """
    import asyncio, pytest
    pytestmark = pytest.mark.anyio

    async def test_hangs_in_another_order():
        event, seen = asyncio.Event(), []
        async def waits():
            if not seen:
                return
            await event.wait()
        async def sets():
            seen.append(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(waits())
            tasks.create_task(sets())

    async def test_many_runs():
        for _ in range(10):
            await asyncio.sleep(0.03)
"""


@pytest.mark.parametrize(
    ("how", "outcomes"),
    [("--explore=20", "1 failed, 1 passed"), ("--explore-cancel", "2 passed")],
)
def test_each_run_of_a_test_has_the_limit_of_pytest_timeout(
    pytester: pytest.Pytester, how: str, outcomes: str
) -> None:
    # Ten runs of 0.3 s are longer than the limit; a run that hangs is ended by it, each time.
    options = [how, "--timeout=2", "-k", "asyncio"]
    printed = run(pytester, ["timeout"], options, dedent(HANGS))

    assert f"== {outcomes}" in printed, printed
    if "failed" in outcomes:
        assert "Failed: Timeout (>2.0s) from pytest-timeout" in printed
        assert "It replays with: @pytest.mark.explore(Schedule({(" in printed


def test_what_blocks_when_it_is_cancelled_fails_by_the_limit_of_pytest_timeout(
    pytester: pytest.Pytester,
) -> None:
    tests = """
        import anyio, pytest, time
        pytestmark = pytest.mark.anyio

        async def test_it():
            try:
                await anyio.sleep(0.01)
            except anyio.get_cancelled_exc_class():
                time.sleep(60)
                raise
    """
    printed = run(pytester, ["timeout"], ["--explore-cancel", "--timeout=1"], dedent(tests))

    assert "== 2 failed" in printed, printed
    assert printed.count("Failed: Timeout (>1.0s) from pytest-timeout") >= 2
    assert "It replays with: @pytest.mark.explore(Schedule(cancel=1))" in printed


def test_the_clock_knows_the_timer_of_pytest_timeout_by_its_name(
    pytester: pytest.Pytester,
) -> None:
    tests = """
        import threading
        from awaits.testing.loops.threads import LIMIT

        def test_it():
            assert any(it.name.startswith(LIMIT) for it in threading.enumerate())
    """
    options = ["--timeout=60", "--timeout-method=thread"]
    printed = run(pytester, ["timeout"], options, dedent(tests))

    assert "== 1 passed" in printed, printed
