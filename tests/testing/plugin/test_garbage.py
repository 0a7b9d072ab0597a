"""Collections between the runs of one test: quick, and without a word."""

import gc
from unittest import mock

import pytest

from awaits.testing.plugin import garbage
from tests.testing.plugin.cancel import cancel, one
from tests.testing.plugin.shared import RACE, explore


def test_collections_in_a_block_look_at_nothing_that_is_older() -> None:
    before = gc.get_freeze_count()  # of Python 3.12's own, at least
    with mock.patch.object(garbage, "_FROZEN_FROM_THE_START", before), garbage.frozen():
        assert gc.get_freeze_count() > before


@pytest.mark.filterwarnings("error")
def test_what_is_raised_as_something_is_collected_is_not_told() -> None:
    class Raises:
        def __del__(self) -> None:
            raise ValueError

    with garbage.in_silence():
        Raises()


def test_nothing_is_collected_while_the_report_of_an_explored_test_is_made(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(
        """
        import gc, pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport():
            print("it is collected" if gc.isenabled() else "it is not")
            return (yield)
        """
    )
    gc.enable()
    result = explore(pytester, RACE, "-s")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*it is not*")
    result.stdout.no_fnmatch_line("*it is collected*")


def test_when_a_test_has_been_cancelled_everywhere_nothing_is_frozen_any_more(
    pytester: pytest.Pytester,
) -> None:
    with mock.patch.object(garbage, "_FROZEN_FROM_THE_START", gc.get_freeze_count()):
        cancel(pytester, one("await program.closes()")).assert_outcomes(passed=2)
    assert gc.get_freeze_count() == 0
