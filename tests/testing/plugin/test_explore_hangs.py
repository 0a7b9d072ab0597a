"""`--explore` and `--explore-cancel` end a run in which a test hangs, without any other option."""

import signal

import pytest

from awaits.testing.plugin import limits, watchdog
from tests.testing.plugin.shared import run_tests

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="Windows has no such alarm clock."
)

HANGS_IN_ONE_ORDER = """
    import contextlib

    async def takes(first, second, n):
        for _ in range(n):
            await anyio.sleep(0)
        async with first:
            await anyio.sleep(0)
            async with second:
                await anyio.sleep(0)

    async def test_it({arguments}):
        a, b = anyio.Lock(), anyio.Lock()
        {around}:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(takes, a, b, 0)
                tasks.start_soon(takes, b, a, 9)
"""

BLOCKS_IN_ONE_ORDER = """
    import threading

    async def takes(lock, n):
        for _ in range(n):
            await anyio.sleep(0)
        with lock:
            await anyio.sleep(0)

    async def test_it():
        lock = threading.Lock()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(takes, lock, 0)
            tasks.start_soon(takes, lock, 3)
"""

BLOCKS_IF_CANCELLED = """
    import queue
    from concurrent.futures import ThreadPoolExecutor

    async def test_it():
        items = queue.Queue()
        with ThreadPoolExecutor(1) as pool:  # which waits for its thread when it is left
            pool.submit(items.get, timeout=5)
            await anyio.sleep(0)
            items.put(1)
"""

HANGS_IF_CANCELLED = """
    import threading
    ends = threading.Event()

    @pytest.fixture(autouse=True, scope="session")
    def in_the_end():
        yield
        ends.set()

    async def waits_again():
        try:
            await anyio.sleep(0)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await {waits}

    async def test_it():
        await waits_again()
"""


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 3.0)
    monkeypatch.setattr(limits, "SECONDS_AGAIN", 2.0)


@pytest.mark.slow
@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize("arguments", ["", "tmp_path"], ids=["one loop", "a loop each"])
@pytest.mark.parametrize(
    "around", ["if True", "with contextlib.suppress(BaseException)"], ids=["", "swallowed"]
)
def test_an_order_in_which_a_test_hangs_fails(
    pytester: pytest.Pytester, arguments: str, around: str
) -> None:
    tests = HANGS_IN_ONE_ORDER.format(arguments=arguments, around=around)
    result = run_tests(pytester, tests, "--explore=20")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "After 2 s, the test has not ended:",
            "  task 1, takes, waits at *, for Lock 'second', held by task 2",
            "  they wait for one another in a ring: *",
            "It replays with: @pytest.mark.explore(Schedule({(*",
        ]
        * 2
    )


@pytest.mark.slow
@pytest.mark.usefixtures("short_limits")
def test_one_of_pytest_asyncios_fails_as_well(pytester: pytest.Pytester) -> None:
    tests = HANGS_IN_ONE_ORDER.format(arguments="", around="if True")
    marked = f"    pytestmark = pytest.mark.asyncio\n{tests}"
    result = run_tests(pytester, marked, "--explore=20")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*After 2 s, the test has not ended:", "It replays with: *"])


@pytest.mark.slow
@pytest.mark.usefixtures("short_limits")
@pytest.mark.parametrize(
    ("waits", "options"),
    [
        ("anyio.Event().wait()", []),
        # Nobody knows that this thread will not end, so time waits for it.
        ("anyio.to_thread.run_sync(ends.wait, abandon_on_cancel=True)", ["--virtual-time"]),
    ],
    ids=["in real time", "for a thread in virtual time"],
)
def test_a_cancelled_test_that_hangs_fails(
    pytester: pytest.Pytester, waits: str, options: list[str]
) -> None:
    tests = HANGS_IF_CANCELLED.format(waits=waits)
    result = run_tests(pytester, tests, "--explore-cancel", *options)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "After 2 s, the test has not ended:",
            "  * waits at *, in waits_again, for *",
            "It replays with: @pytest.mark.explore(Schedule(cancel=1))",
        ]
        * 2
    )


@pytest.mark.parametrize(
    ("tests", "option"),
    [(BLOCKS_IN_ONE_ORDER, "--explore=20"), (BLOCKS_IF_CANCELLED, "--explore-cancel")],
    ids=["another order", "a cancelled test"],
)
def test_one_that_blocks_the_event_loop_is_interrupted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tests: str, option: str
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.5)
    monkeypatch.setattr(limits, "SECONDS_AGAIN", 0.5)
    monkeypatch.setattr(watchdog, "SECONDS_TO_ANSWER", 0.2)
    result = run_tests(pytester, tests, option)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "After 0.5 s, the test has not ended, and its event loop is blocked:",
            "  a task runs at *, and has not awaited for 0.2 s or more",
            "It replays with: @pytest.mark.explore(Schedule(*))",
        ]
        * 2
    )


BLOCKS_TWICE = """
    import threading

    async def takes(lock, n):
        for _ in range(n):
            await anyio.sleep(0)
        try:
            with lock:
                await anyio.sleep(0)
        finally:
            if n and lock.locked():
                lock.acquire()

    async def test_it():
        lock = threading.Lock()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(takes, lock, 0)
            tasks.start_soon(takes, lock, 3)
"""


def test_one_that_blocks_the_event_loop_in_its_clean_up_as_well_is_interrupted_again(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"SECONDS": 0.5, "SECONDS_AGAIN": 0.5}.items():
        monkeypatch.setattr(limits, name, seconds)
    monkeypatch.setattr(watchdog, "SECONDS_TO_ANSWER", 0.2)
    monkeypatch.setattr(watchdog, "SECONDS_TO_CLEAN_UP", 0.5)
    result = run_tests(pytester, BLOCKS_TWICE, "--explore=20", "--anyio-backends=asyncio")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*its event loop is blocked:", "It replays with: *"])


SECONDS_LEFT = """
    import signal, threading, time

    def ring(number, frame):
        pass

    @pytest.fixture(scope="module")
    def own_alarm():
        signal.signal(signal.SIGALRM, ring)
        yield
        assert signal.getsignal(signal.SIGALRM) is ring
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def seconds_left():
        return signal.getitimer(signal.ITIMER_REAL)[0]

    left = []

    {mark}
    async def test_it({arguments}):
        if not left:
            time.sleep({sleeps})
        left.append(seconds_left())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 0)
            tasks.start_soon(anyio.sleep, 0)

    def test_after():
        assert seconds_left() == 0
        first, *others = left
        assert first == 0 and len(others) > 2
        assert all({low} <= it <= {high} for it in others), others
"""
HOURS = 3600.0


@pytest.mark.parametrize(
    ("options", "mark", "arguments", "sleeps", "low", "high"),
    [
        (["--explore=5"], "", "", 0, HOURS / 2, HOURS),
        (["--explore=5"], "", "tmp_path", 0, HOURS / 2, HOURS),
        (["--explore-cancel"], "", "", 0, HOURS / 2, HOURS),
        (["--explore=5"], "", "", 0.01, 2 * HOURS, 2000 * HOURS),
        (["--explore=5", "--anyio-timeout=60"], "", "", 0, 0, 0),
        (["--explore=5"], "@pytest.mark.anyio_timeout(None)", "", 0, 0, 0),
        (["--explore=5"], "", "own_alarm", 0, 0, 0),
    ],
    ids=[
        "one loop",
        "a loop each",
        "cancelled",
        "long",
        "a limit for all",
        "marked",
        "an alarm of its own",
    ],
)
def test_each_run_but_the_first_has_time_unless_the_test_has_a_limit_of_its_own(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    mark: str,
    arguments: str,
    sleeps: float,
    low: float,
    high: float,
) -> None:
    monkeypatch.setattr(limits, "SECONDS", HOURS)
    monkeypatch.setattr(limits, "TIMES_THE_FIRST", 1_000_000 if sleeps else 0)
    tests = SECONDS_LEFT.format(mark=mark, arguments=arguments, sleeps=sleeps, low=low, high=high)
    result = run_tests(pytester, tests, "--anyio-backends=asyncio", *options)
    result.assert_outcomes(passed=2)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
