"""Collections between the runs of one test: quick, and without a word."""

import gc
from unittest import mock

import pytest

from awaits.testing.plugin import garbage
from tests.testing.plugin.cancel import cancel, one
from tests.testing.plugin.shared import EXPLORED_HEAD, RACE, Apart, explore


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


OF_AN_ORDER = """
    import gc

    async def test_it({arguments}):
        gc.collect()
        send, receive = anyio.create_memory_object_stream(1)
        in_order = await in_turns("a", "b") == "abab"
        receive.close()
        cycles = [[send.clone()] for _ in range({n_left} * (not in_order))]
        send.close()
        for cycle in cycles:
            cycle.append(cycle)
"""


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
@pytest.mark.parametrize("n_left", [1, 2])
def test_what_an_order_leaves_open_in_a_cycle_fails_that_order_where_warnings_are_errors(
    pytester: pytest.Pytester, arguments: str, n_left: int
) -> None:
    test = OF_AN_ORDER.format(arguments=arguments, n_left=n_left)
    result = explore(pytester, test, "-W", "error")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ResourceWarning: Unclosed <MemoryObjectSendStream *",
            "It replays with: *(Schedule({(*",
        ]
    )
    result.stdout.no_fnmatch_line("*failed like this once*")
    again = explore(pytester, test, "-W", "error", "-p", "no:cacheprovider", _schedule(result))
    again.assert_outcomes(failed=1)
    again.stdout.no_fnmatch_line("*failed like this once*")


def _schedule(result: pytest.RunResult) -> str:
    line = next(line for line in result.outlines if line.startswith("It replays with"))
    return f"--explore={line.partition('explore(')[2].removesuffix(')')}"


LEFT_BY_A_RACE = """
    import gc

    async def test_it():
        gc.collect()
        send, receive = anyio.create_memory_object_stream(1)
        cycle = [send]
        cycle.append(cycle)
        order = await in_turns("a", "b")
        receive.close()
        assert order == "abab"
        send.close()
"""


def test_a_race_is_told_though_it_leaves_what_fails_a_later_run(
    pytester: pytest.Pytester, apart: Apart
) -> None:
    pytester.makepyfile(EXPLORED_HEAD + LEFT_BY_A_RACE)
    strict = "-Werror::ResourceWarning", "-Werror::pytest.PytestUnraisableExceptionWarning"
    result = apart(*strict, "--explore=20")

    result.stdout.fnmatch_lines(["E *AssertionError: *", "It replays with: *(Schedule({(*"])
    result.stdout.no_fnmatch_line("*is not explored*")


@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
def test_what_is_left_open_once_is_told_as_what_fails_once(
    pytester: pytest.Pytester, arguments: str
) -> None:
    tests = f"""
    import gc
    runs = []

    async def test_it({arguments}):
        runs.append(await in_turns("a", "b"))
        if len(runs) == 4:
            send, receive = anyio.create_memory_object_stream(1)
            receive.close()
            cycle = [send]
            cycle.append(cycle)
            del send, cycle
            gc.collect()
    """
    result = explore(pytester, tests, "-W", "error")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["It failed like this once, *", "explored: 1 test, 20 orders, *"])


def test_what_a_test_leaves_open_in_any_order_is_no_fault_of_one_order(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import gc

    async def test_it(tmp_path):
        gc.collect()
        send, receive = anyio.create_memory_object_stream(1)
        receive.close()
        cycle = [send]
        cycle.append(cycle)
        await in_turns("a", "b")
    """
    result = explore(pytester, tests, "-W", "error")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("*test_it* is not explored: *")


def test_a_test_that_fails_again_until_garbage_is_collected_is_not_explored(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import weakref
    known = weakref.WeakValueDictionary()

    class Store:
        is_used = False

    async def test_it():
        store = known.get("store") or known.setdefault("store", Store())
        store.itself = store
        await in_turns("a", "b")
        assert not store.is_used
        store.is_used = True
    """
    result = explore(pytester, tests)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines("*test_it* is not explored: *")


LEAVES_OR_NOT = """
    import gc
    runs = []

    async def test_it({arguments}):
        order = await in_turns("a", "b")
        runs.append(order)
        if {collects}:
            gc.collect()
        send, receive = anyio.create_memory_object_stream(1)
        receive.close()
        cycle = [send]
        if {leaves}:
            cycle.append(cycle)
        else:
            send.close()
"""


def test_an_order_is_found_that_left_what_was_collected_much_later(
    pytester: pytest.Pytester,
) -> None:
    # The first run leaves something as well, and so does the one in which all is collected.
    test = LEAVES_OR_NOT.format(
        arguments="", collects="len(runs) == 5", leaves='order != "abab" or len(runs) == 1'
    )
    result = explore(pytester, test, "-W", "error")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ResourceWarning: Unclosed *", "It replays with: *(Schedule({(*"])


def test_what_other_runs_leave_is_no_fault_of_the_order_that_is_replayed(
    pytester: pytest.Pytester,
) -> None:
    test = LEAVES_OR_NOT.format(arguments="", collects=True, leaves='order == "abab"')
    result = explore(pytester, test, "-W", "error", "--explore=Schedule({(1, 1): 1})")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*is not explored*")


def test_the_next_test_is_not_judged_by_its_garbage(pytester: pytest.Pytester) -> None:
    one = LEAVES_OR_NOT.format(arguments="", collects=True, leaves='order != "abab"')
    next_one = LEAVES_OR_NOT.format(arguments="tmp_path", collects=False, leaves=True)
    tests = one + next_one.replace("test_it", "test_next")
    result = explore(pytester, tests, "-W", "error")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.no_fnmatch_line("*is not explored*")
