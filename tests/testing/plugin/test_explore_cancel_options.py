"""`pytest --explore-cancel`: its options, what it keeps and replays, and Ctrl-C."""

import json

import pytest

from tests.testing.plugin.cancel import BOTH, cancel, one
from tests.testing.plugin.shared import Apart


def test_the_line_that_was_printed_replays_it(pytester: pytest.Pytester) -> None:
    marker = """
    from awaits.testing import Schedule

    @pytest.mark.explore(Schedule(cancel=2))
    async def test_it():
        await program.three_awaits()

    @pytest.mark.explore(Schedule(cancel=1))
    async def test_other():
        await program.three_awaits()
"""
    result = cancel(pytester, marker, BOTH)
    result.assert_outcomes(failed=2, passed=2)

    result = cancel(
        pytester, one("await program.three_awaits()"), BOTH, "--explore=Schedule(cancel=2)"
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines("explored: 2 tests, 2 orders, *")


def test_the_last_failure_comes_first_the_next_time(pytester: pytest.Pytester) -> None:
    tests = one("await program.three_awaits()")
    cancel(pytester, tests)
    kept = pytester.path / ".pytest_cache/v/awaits/explore"
    assert set(json.loads(kept.read_text()).values()) == {"Schedule(cancel=2)"}
    result = cancel(pytester, tests)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["cancelled: 2 tests, at 2 awaits in all"])
    result.stdout.no_fnmatch_line("explored: *")  # it is no order


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--explore-cancel=1"], "cancelled: 1 test, at 1 await in all"),
        (["--explore-cancel"], "cancelled: 1 test, at 3 awaits in all"),
        (["-o", "explore_cancel=2"], "cancelled: 1 test, at 2 awaits in all"),
        (["--explore=9"], "explored: 1 test, 1 order, 1 distinct"),
    ],
)
def test_the_option_and_its_twin_say_at_how_many_awaits(
    pytester: pytest.Pytester, args: list[str], line: str
) -> None:
    body = "for _ in range(3): await program.closes()"
    result = cancel(pytester, one(body), "--anyio-backends=asyncio", *args)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([line])


def test_a_wrong_number_is_refused(pytester: pytest.Pytester) -> None:
    result = cancel(pytester, one("pass"), "--explore-cancel=no")

    result.stderr.fnmatch_lines(
        ["*--explore-cancel must be a whole number of at least 1, not 'no'*"]
    )


def test_a_test_may_be_kept_out(pytester: pytest.Pytester) -> None:
    kept_out = "\n    @pytest.mark.explore(False)" + one("await program.forgets()")
    cancel(pytester, kept_out).assert_outcomes(passed=2)


@pytest.mark.parametrize("may_stay", ["False", "allow='socket *'"])
def test_what_may_stay_may_stay_here_too(pytester: pytest.Pytester, may_stay: str) -> None:
    allowed = f"\n    @pytest.mark.no_leftovers({may_stay})" + one("await program.forgets()")
    cancel(pytester, allowed).assert_outcomes(passed=2)


def test_ctrl_c_in_a_test_that_is_cancelled_ends_the_session(
    pytester: pytest.Pytester, apart: Apart
) -> None:
    pytester.makepyfile(
        """
        import anyio, pytest
        pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

        async def test_it():
            try:
                await anyio.sleep(1)
            except anyio.get_cancelled_exc_class():
                raise KeyboardInterrupt

        async def test_next():
            await anyio.sleep(1)
        """
    )
    for backend in ("asyncio", "trio"):
        options = "--explore-cancel", f"--anyio-backends={backend}"
        result = apart(*options)
        assert result.ret == pytest.ExitCode.INTERRUPTED


def test_ctrl_c_is_not_taken_for_the_cancellation(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio, pytest, signal
        pytestmark = pytest.mark.asyncio

        async def test_it():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                signal.raise_signal(signal.SIGINT)  # which asyncio has cancel the task
                await asyncio.sleep(60)

        async def test_next():
            await asyncio.sleep(0.01)
        """
    )
    result = pytester.runpytest_subprocess("--explore-cancel")
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_no_other_test_is_blamed_for_what_one_leaves_itself_or_for_a_fixture_that_is_not_there(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    async def test_is_cut_off():
        await anyio.sleep(1)

    @pytest.mark.explore(False)
    async def test_leaves_a_socket():
        program.kept = socket.socket()
        await anyio.lowlevel.checkpoint()

    @pytest.mark.real_time
    def test_asks(no_such_fixture):
        pass
    """
    options = "--anyio-backends=asyncio", "--explore-cancel", "--no-leftovers"
    result = cancel(pytester, tests, *options)

    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.no_fnmatch_line("*cancelled tests*")
