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
