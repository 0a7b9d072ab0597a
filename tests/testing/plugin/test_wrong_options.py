"""A mistake in an option or a marker is told in one sentence, under pytest-xdist, too."""

import pytest

from awaits.testing.plugin.options import WITH_VALUE
from tests.testing.plugin.shared import run_tests

FINE = """
    from awaits.testing import Schedule

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    async def test_fine():
        pass
"""


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--anyio-timeout=abc", "--anyio-timeout must be a number of seconds above 0, not 'abc'."),
        ("--virtual-time-wall=bogus", "--virtual-time-wall must be an instant such as *"),
        ("--virtual-time-idle=x", "--virtual-time-idle must be a number of seconds *, not 'x'."),
        ("--explore=x", "--explore must be a whole number of at least 1, *, not 'x'."),
    ],
)
def test_xdist_refuses_a_wrong_option(
    pytester: pytest.Pytester, option: str, sentence: str
) -> None:
    result = run_tests(pytester, FINE, "--virtual-time", "-n1", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {sentence}")


@pytest.mark.parametrize("option", WITH_VALUE)
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_is_refused(pytester: pytest.Pytester, option: str, value: str) -> None:
    result = run_tests(pytester, FINE, f"{option}={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: {option} has an empty value, {value!r}; give it one, or *")


def test_an_empty_key_of_the_ini_file_is_one_that_is_not_given(pytester: pytest.Pytester) -> None:
    names = (option.removeprefix("--").replace("-", "_") for option in WITH_VALUE)
    empty = [arg for name in names for arg in ("-o", f"{name}=")]
    result = run_tests(pytester, FINE, *empty)
    result.assert_outcomes(passed=1)
    assert "explored" not in result.stdout.str()


@pytest.mark.parametrize("option", [*WITH_VALUE, "--virtual-time-turns"])
def test_a_list_in_pyproject_is_refused(pytester: pytest.Pytester, option: str) -> None:
    name = option.removeprefix("--").replace("-", "_")
    pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\n{name} = ["asyncio", "trio"]')
    (pytester.path / "tox.ini").unlink()  # it would come first
    result = run_tests(pytester, FINE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        f"ERROR: {name} in the ini file must be one text, not ?'asyncio', 'trio'?."
    )


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        ("no_leftovers(alow='x')", "no_leftovers takes False, or allow (*), not alow='x'."),
        ("anyio_timeout(1, 2)", "anyio_timeout takes a number of seconds, *, not 1, 2."),
        ("anyio_timeout(10**400)", "*anyio_timeout must be a number of seconds above 0, not 10*"),
        (
            "virtual_time(False, idle=1)",
            "virtual_time(False) takes nothing else, not False, idle=1.",
        ),
        (
            "explore(Schedule(), jitter=1)",
            "explore(Schedule(...)) takes nothing else, not jitter=1; *",
        ),
        (
            "explore(cancel=True, schedule=Schedule())",
            "explore(Schedule(...)) takes nothing else, not cancel=True; *",
        ),
        ("explore(jitter=10**400)", "explore takes False, a Schedule, *, not jitter=10*"),
        ("explore(5, orders=6)", "explore takes orders once, not 5, orders=6."),
        (
            "explore(Schedule(), schedule=Schedule())",
            "explore takes schedule once, not Schedule(), schedule=Schedule().",
        ),
        ("explore('Schedule(9)')", "explore: 'Schedule(9)' is not a schedule: *"),
        ("explore(False, jitter=3)", "explore(False) takes nothing else, not False, jitter=3."),
    ],
)
def test_a_wrong_marker_is_told_in_a_sentence(
    pytester: pytest.Pytester, marker: str, sentence: str
) -> None:
    tests = f"{FINE}\n    @pytest.mark.{marker}\n    async def test_wrong(): pass\n"
    result = run_tests(pytester, tests)
    assert "passed" not in result.parseoutcomes()
    result.stderr.fnmatch_lines(f"*test_*.py::test_wrong: {sentence}")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_wrong_marker_is_told_under_xdist_as_well(pytester: pytest.Pytester) -> None:
    tests = f"{FINE}\n    @pytest.mark.real_time(1)\n    async def test_wrong(): pass\n"
    result = run_tests(pytester, tests, "-n1", "--virtual-time")
    assert "passed" not in result.parseoutcomes()
    result.stdout.fnmatch_lines("*test_*.py::test_wrong: real_time takes no arguments; *")
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_schedule_that_cancels_a_whole_test_is_none_for_hypothesis(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    from awaits.testing import Schedule

    @pytest.mark.explore(Schedule(cancel=1))
    @given(st.none())
    async def test_it(n):
        pass
    """
    result = run_tests(pytester, tests)
    result.stderr.fnmatch_lines("*Schedule(cancel=1)) cancels a whole test, which cannot be done *")


def test_a_clock_that_is_asked_for_too_late_is_told(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it(request):
        request.getfixturevalue("virtual_clock")
    """
    result = run_tests(pytester, tests, "--anyio-backends=asyncio")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("getfixturevalue('virtual_clock') comes too late to make *")


def test_a_module_in_virtual_time_may_have_sync_tests(pytester: pytest.Pytester) -> None:
    tests = """
    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

    def test_sync():
        pass

    async def test_async():
        await anyio.sleep(3600)
    """
    run_tests(pytester, tests).assert_outcomes(passed=3)


def test_junit_files_have_no_properties_of_the_kit(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio

    class Policy(asyncio.DefaultEventLoopPolicy):
        pass

    @pytest.fixture
    def event_loop_policy():
        return Policy()

    @pytest.mark.asyncio
    async def test_it():
        pass
    """
    options = "--virtual-time", "--prove", "--junitxml=junit.xml", "-Wignore"
    result = run_tests(pytester, f"\n    pytestmark = []{tests}", *options)
    assert "<propert" not in pytester.path.joinpath("junit.xml").read_text()
    result.stdout.fnmatch_lines(
        ["pytest-asyncio *: 1 test", "virtual time: 1 test ran in real time, *"]
    )


def test_tests_of_unittest_are_counted_under_xdist(pytester: pytest.Pytester) -> None:
    tests = """
    import unittest
    pytestmark = []

    class TestOld(unittest.IsolatedAsyncioTestCase):
        async def test_it(self):
            pass
    """
    result = run_tests(pytester, tests, "--virtual-time", "-n2")
    result.stdout.fnmatch_lines("--virtual-time: 1 async test was left alone, *")
