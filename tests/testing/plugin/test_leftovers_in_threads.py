"""`--no-leftovers` beside threads that make something at any moment."""

import pytest

from tests.testing.plugin.left import run

# A trace function, which makes something at each line of Python's weak dictionaries, stands for
# threads that do so: Python may switch to another thread at each of these lines.
TRACED = """
    import os, sys, weakref

    @pytest.fixture
    def meanwhile():
        def step(frame, event, arg):
            if frame.f_code.co_filename == weakref.__file__:
                thread = threading.Thread(target=int)
                thread.start()
                thread.join()
                kept.append(thread)
            return step

        before = sys.gettrace()
        yield lambda: sys.settrace(step)
        sys.settrace(before)
"""


def test_a_thread_may_open_a_file_while_another_starts_a_thread(pytester: pytest.Pytester) -> None:
    tests = """
    @on_asyncio
    async def test_it(meanwhile, anyio_backend):
        errors = []

        def opens():
            meanwhile()
            try:
                with open(os.devnull):
                    pass
            except RuntimeError as error:
                errors.append(error)

        thread = threading.Thread(target=opens)
        thread.start()
        thread.join()
        assert not errors
    """
    run(pytester, TRACED + tests).assert_outcomes(passed=1)


def test_a_thread_may_make_something_while_the_test_ends(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_it(meanwhile):
        kept.append(threading.Thread(target=int))
        kept[-1].start()
        meanwhile()
    """
    run(pytester, TRACED + tests).assert_outcomes(passed=2)


def test_a_pool_that_a_call_has_raised_in_ends_a_turn_later(pytester: pytest.Pytester) -> None:
    tests = """
    async def divide(pool):
        with contextlib.suppress(ZeroDivisionError):
            await asyncio.get_running_loop().run_in_executor(pool, divmod, 1, 0)

    @on_asyncio
    async def test_it(anyio_backend):
        await divide(concurrent.futures.ThreadPoolExecutor())
    """
    run(pytester, tests).assert_outcomes(passed=1)


POOL_OF_ITS_OWN = """
    import logging

    class Divider:
        def __init__(self):
            self.pool = concurrent.futures.ThreadPoolExecutor()
            self.cycle = self if {is_in_a_cycle} else None

        async def divide(self, n):
            try:
                await asyncio.get_running_loop().run_in_executor(self.pool, divmod, 1, n)
            except BaseException as error:
                logging.error("it could not", exc_info={is_logged})
                raise

    @on_asyncio
    async def test_it(anyio_backend):
        with contextlib.suppress(ZeroDivisionError):
            await Divider().divide({n})
"""


@pytest.mark.parametrize(
    ("option", "n", "is_logged"),
    [("--no-leftovers", 0, True), ("--no-leftovers", 0, False), ("--explore-cancel", 1, True)],
    ids=["a log", "a cycle", "a log, cancelled"],
)
def test_a_pool_ends_that_only_a_log_or_a_reference_cycle_holds(
    pytester: pytest.Pytester, option: str, n: int, is_logged: bool
) -> None:
    tests = POOL_OF_ITS_OWN.format(n=n, is_logged=is_logged, is_in_a_cycle=not is_logged)
    run(pytester, tests, option).assert_outcomes(passed=1)


def test_a_log_still_tells_of_its_errors(pytester: pytest.Pytester) -> None:
    fails = POOL_OF_ITS_OWN.format(n=0, is_logged=True, is_in_a_cycle=False).replace(
        "await Divider()", "kept.append(Divider())\n            await kept[0]"
    )
    result = run(pytester, fails)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  thread *", "*Captured log call*", "ZeroDivisionError: *"])
