"""What the hint on real clocks says of where one is read, and of what to read instead."""

import pytest

from tests.testing.plugin.shared import run_tests


def test_the_line_that_reads_it_is_named_and_nothing_that_pytest_has_made(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_it():
        before = time.monotonic()
        await anyio.sleep(6)
        assert time.monotonic() - before >= 6
    """
    result = run_tests(pytester, tests, "--virtual-time")

    result.assert_outcomes(failed=2)
    printed = result.stdout.str()
    lines = printed.splitlines()
    numbers = [line.split(":")[1] for line in lines if line.startswith("  test_it, test_")]
    source = next(pytester.path.glob("test_*.py")).read_text().splitlines()
    assert numbers
    assert {source[int(it.partition(",")[0]) - 1].strip() for it in numbers} == {
        "before = time.monotonic()"
    }
    assert "@py_assert" not in printed


@pytest.mark.parametrize(
    ("mark", "advice"),
    [
        ("anyio", "anyio.current_time()"),
        ("asyncio", "asyncio.get_running_loop().time()"),
        ("trio", "trio.current_time()"),
    ],
)
def test_what_measures_virtual_time_there_is_named(
    pytester: pytest.Pytester, mark: str, advice: str
) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(
        f"""
        import anyio, pytest, time

        @pytest.mark.{mark}
        async def test_it():
            before = time.monotonic()
            await anyio.sleep(6)
            assert time.monotonic() - before >= 6
        """
    )
    others = [] if mark == "trio" else ["-p", "no:trio"]
    result = pytester.runpytest_subprocess("--virtual-time", *others)

    result.stdout.fnmatch_lines(f"{advice} measures virtual time; or mark the test real_time.")


@pytest.mark.parametrize("waits", ["anyio.Event().wait()", "spins()"])
def test_time_that_moved_in_the_clean_up_after_a_deadlock_is_not_told(
    pytester: pytest.Pytester, waits: str
) -> None:
    tests = f"""
    def started():
        return time.time()

    async def spins():
        while True:
            await anyio.sleep(0)

    async def test_it():
        started()
        try:
            await {waits}
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.5)
    """
    options = "--virtual-time", "-o", "virtual_time_turns=20", "--anyio-backends=asyncio,trio"
    result = run_tests(pytester, tests, *options)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *Error: At 0.0 s, *"] * 2)
    result.stdout.no_fnmatch_line("Time *, but not on the computer's own clocks:")


PROJECT = """
    pytest_plugins = ["pytester"]

    async def test_virtual():
        await anyio.sleep(3600)

    def test_of_a_plugin(pytester):
        pytester.makepyfile('''
            import anyio, pytest

            @pytest.mark.anyio
            @pytest.mark.virtual_time
            async def test_inner():
                await anyio.sleep(3600)
                assert anyio.current_time() == 3600
        ''')
        pytester.runpytest("-p", "no:trio").assert_outcomes(passed=2)
"""


def test_a_sync_test_may_run_pytest_in_virtual_time_itself(pytester: pytest.Pytester) -> None:
    run_tests(pytester, PROJECT, "--virtual-time").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("imports", "reads"),
    [
        ("import time", "time.time()"),
        ("from time import sleep, time as now", "now()"),
        ("import datetime; closure = lambda: datetime", "datetime.datetime.now().timestamp()"),
    ],
)
def test_one_that_a_function_imports_itself_is_named(
    pytester: pytest.Pytester, imports: str, reads: str
) -> None:
    tests = f"""
    async def test_it():
        {imports}
        before = {reads}
        await anyio.sleep(6)
        assert {reads} - before >= 6
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  test_it, *, reads *time*()"])


@pytest.mark.parametrize(
    ("imports", "reads"),
    [
        ("from .time import monotonic", "monotonic()"),
        ("import package.time as clock", "clock.monotonic()"),
        ("import package.time; package = Fake", "package.time.monotonic()"),
        ("time = Fake\n    if not time: import time", "time.monotonic()"),
        ("from time import perf_counter", "0"),  # and it is not read
    ],
)
def test_what_a_function_imports_by_the_name_of_a_clock_may_be_another(
    pytester: pytest.Pytester, imports: str, reads: str
) -> None:
    (pytester.mkpydir("package") / "time.py").write_text(
        "import time\n\n\ndef monotonic():\n    return 0\n"
    )
    (pytester.path / "package" / "work.py").write_text(
        "import anyio\n\n\n"
        "class Fake:\n    def monotonic():\n        return 0\n    time = None\n\n\n"
        "Fake.time = Fake\n\n\n"
        f"async def work():\n    {imports}\n    before = {reads}\n    await anyio.sleep(6)\n"
        f"    assert {reads} - before >= 6\n"
    )
    tests = """
    async def test_it():
        from package.work import work
        await work()
    """
    result = run_tests(pytester, tests, "--virtual-time", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E *AssertionError")
    result.stdout.no_fnmatch_line("* reads time.*")
