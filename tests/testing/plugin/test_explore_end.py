"""How an explored test ends: its wider fixtures end as they do without `--explore`."""

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore

TALKS = """
    import logging, os

    @pytest.fixture(scope="module", autouse=True)
    async def server(anyio_backend):
        yield
        print("the server ends")
        os.write(1, b"its process ends\\n")
        logging.getLogger().warning("it was slow")
"""
FAILS = TALKS + "        raise ConnectionError('it does not answer')\n"
TOLD = [
    "*- Captured stdout teardown -*",
    "the server ends",
    "its process ends",
    "*- Captured log teardown -*",
    "* it was slow",
]


def test_what_a_wider_fixture_says_as_it_ends_is_captured(pytester: pytest.Pytester) -> None:
    result = explore(pytester, TALKS + FINE, "-rP")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*= PASSES =*", *TOLD])
    assert result.stdout.str().count("the server ends") == 1


@pytest.mark.parametrize("args", [["-s"], ["-s", "-p", "no:logging"]])
def test_it_is_printed_where_nothing_is_captured(
    pytester: pytest.Pytester, args: list[str]
) -> None:
    result = explore(pytester, TALKS + FINE, "-rP", *args)

    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("the server ends") == 1
    result.stdout.no_fnmatch_line("*Captured stdout*")


def test_a_wider_fixture_that_fails_as_it_ends_does_so_once_and_shows_what_it_said(
    pytester: pytest.Pytester,
) -> None:
    own = """
    @pytest.fixture
    def own():
        yield
        print("its own fixture ends")

    async def test_own(own):
        await in_turns("a", "b")
        print("in the test")
    """
    result = explore(pytester, FAILS + own)

    result.assert_outcomes(passed=1, errors=1)
    shown = ["*ERROR at teardown of test_own*", "*ConnectionError*", "*Captured stdout call*"]
    shown += ["in the test", TOLD[0], "its own fixture ends", *TOLD]
    result.stdout.fnmatch_lines(shown)
    assert result.stdout.str().count("in the test") == 1


def test_it_does_so_too_where_the_session_ends_at_the_first_failure(
    pytester: pytest.Pytester,
) -> None:
    result = explore(pytester, FAILS + RACE + FINE, "-x")

    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_race*", "*FAILURES*"])


@pytest.mark.parametrize(
    ("error", "ret"), [("KeyboardInterrupt", 2), ("pytest.exit.Exception('enough', 9)", 9)]
)
def test_ctrl_c_ends_the_session_though_it_comes_while_a_wider_fixture_ends(
    pytester: pytest.Pytester, error: str, ret: int
) -> None:
    tests = f"""
    @pytest.fixture(scope="class")
    def server():
        yield
        raise {error}

    class TestServer:
        async def test_it(self, server):
            await in_turns("a", "b")

    def test_next():
        raise AssertionError("the session went on")
    """
    pytester.makepyfile(EXPLORED_HEAD + tests)
    result = pytester.runpytest_inprocess("--explore=5", no_reraise_ctrlc=True)

    assert result.ret == ret
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*went on*")
