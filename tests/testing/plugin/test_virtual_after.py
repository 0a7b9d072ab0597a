"""What one test does in virtual time is not felt in the next."""

import pytest

from tests.testing.plugin.shared import run_tests

MODULE = """
    import asyncio, contextlib

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module")
    async def server(anyio_backend):
        yield
"""


@pytest.mark.parametrize("has_deadline", [False, True])
def test_a_clock_that_was_held(pytester: pytest.Pytester, has_deadline: bool) -> None:
    tests = f"""
    @pytest.fixture(scope="module")
    async def server(anyio_backend):
        async with anyio.create_task_group() as tasks:
            if {has_deadline}:
                tasks.start_soon(anyio.sleep, 1e6)
            yield
            tasks.cancel_scope.cancel()

    async def test_a_holds(server, virtual_clock):
        virtual_clock.hold()

    async def test_b_sleeps(server):
        await anyio.sleep(1)
    """
    run_tests(pytester, tests, "--virtual-time").assert_outcomes(passed=4)


def test_but_one_that_a_fixture_holds_is_held_at_the_beginning(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture
    def held(virtual_clock):
        virtual_clock.hold()

    async def test_moves_by_hand(held, virtual_clock):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 5)
            await virtual_clock.advance(0.5)
            assert anyio.current_time() == 0.5
            tasks.cancel_scope.cancel()

    async def test_does_not_move(held):
        await anyio.sleep(1)
    """
    result = run_tests(pytester, tests)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(2 * ["E *DeadlockError: At 0.0 s, nothing can ever run again:"])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_deadlock_that_a_test_or_a_fixture_catches(
    pytester: pytest.Pytester, backend: str
) -> None:
    tests = f"""
    @pytest.fixture(scope="module")
    def anyio_backend():
        return "{backend}"

    async def catches():
        try:
            await anyio.Event().wait()
        except (Exception, anyio.get_cancelled_exc_class()):
            pass

    async def test_catches():
        await catches()

    @pytest.fixture
    async def catching():
        await catches()

    async def test_fine():
        pass

    async def test_fails(catching):
        raise ValueError("a reason of its own")

    async def test_fine_again():
        pass
    """
    result = run_tests(pytester, tests, "--virtual-time")
    # On trio, what the fixture has caught is gone.
    result.assert_outcomes(passed=2, failed=1 + (backend == "trio"), errors=backend == "asyncio")
    n_told = result.stdout.str().count("DeadlockError: At 0.0 s, nothing can ever run again:")
    assert n_told == (1 if backend == "trio" else 2)


def test_a_deadlock_whose_cancellation_was_swallowed(pytester: pytest.Pytester) -> None:
    tests = f"""{MODULE}
    async def test_swallows(server):
        task = asyncio.create_task(asyncio.Event().wait())
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def test_cancels(server):
        task = asyncio.create_task(asyncio.sleep(1))
        await asyncio.sleep(0)
        task.cancel()
        await task
    """
    result = run_tests(pytester, tests, "--virtual-time")
    result.stdout.fnmatch_lines(
        ["E *DeadlockError: At 0.0 s, nothing can ever run again:", "E *CancelledError"]
    )
    assert result.stdout.str().count("nothing can ever run again") == 1


def test_how_many_deadlocks_there_were_on_trio(pytester: pytest.Pytester) -> None:
    tests = """
    @pytest.fixture(scope="module", params=["trio"])
    def anyio_backend(request):
        return request.param

    @pytest.mark.parametrize("n", range(25))
    async def test_deadlock(n):
        await anyio.Event().wait()
    """
    result = run_tests(pytester, tests, "--virtual-time")
    result.assert_outcomes(failed=25)
    told = result.stdout.str().count("DeadlockError: At 0.0 s, nothing can ever run again:")
    assert told == 25


LEFT_BY_FORCE = """
    @pytest.fixture(scope="module")
    def anyio_backend():
        return "{backend}"

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time(turns=20)]

    async def test_swallows():
        for _ in range(30_000):
            try:
                await anyio.sleep(0)
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    raise

    async def test_innocent():
        await anyio.sleep(1)
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_livelock_that_no_task_took(pytester: pytest.Pytester, backend: str) -> None:
    tests = LEFT_BY_FORCE.format(backend=backend)
    result = run_tests(pytester, tests, "--virtual-time", "-Wignore")
    result.assert_outcomes(failed=1, passed=1)


def test_an_event_loop_that_could_not_close(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass

    kept = []

    async def test_leaves_a_task():
        kept.append(asyncio.create_task(stubborn()))
        await anyio.sleep(1)

    async def test_innocent():
        await anyio.sleep(1)
    """
    options = "--virtual-time", "--anyio-backends=asyncio", "-Wignore"
    result = run_tests(pytester, tests, *options)
    result.assert_outcomes(failed=1, passed=1)


def test_a_sync_test_has_the_time_of_its_own(pytester: pytest.Pytester) -> None:
    tests = """
    import asyncio, pytest_asyncio
    pytestmark = []

    @pytest_asyncio.fixture
    async def seconds():
        began = time.monotonic()
        await asyncio.sleep(0.05)
        return time.monotonic() - began

    def test_before(seconds):
        assert seconds >= 0.05

    @pytest.mark.asyncio
    @pytest.mark.virtual_time
    async def test_virtual():
        await asyncio.sleep(100)

    def test_after(seconds):
        assert seconds >= 0.05
    """
    run_tests(pytester, tests).assert_outcomes(passed=3)
