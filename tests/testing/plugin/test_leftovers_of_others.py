"""`--no-leftovers` beside fixtures that replace functions, start threads, or filter warnings."""

import site

import pytest

from awaits.testing.leftovers.places import is_installed
from tests.testing.plugin.left import HEAD, ON_ASYNCIO, body, run, told
from tests.testing.plugin.shared import Apart


def test_what_a_fixture_replaces_is_as_before_when_it_has_ended(pytester: pytest.Pytester) -> None:
    tests = """
    import builtins
    real = builtins.open

    def fake(*args, **kwargs):
        return real(*args, **kwargs)

    @pytest.fixture
    def faked(monkeypatch):
        monkeypatch.setattr(builtins, "open", fake)

    @on_asyncio
    async def test_it(faked, anyio_backend):
        pass

    def test_after():
        assert builtins.open is not fake
    """
    run(pytester, tests).assert_outcomes(passed=2)


def test_what_a_fake_open_returns_need_not_be_a_key(pytester: pytest.Pytester) -> None:
    tests = """
    import builtins, types

    @pytest.fixture
    def faked(monkeypatch):
        real = builtins.open
        file = types.SimpleNamespace(read=lambda: "x", fileno=lambda: 3, closed=True)
        monkeypatch.setattr(builtins, "open", lambda it, *more: real(it) if more else file)

    @on_asyncio
    async def test_it(faked, anyio_backend):
        assert open("virtual").read() == "x"
    """
    run(pytester, tests).assert_outcomes(passed=1)


def test_what_a_fake_open_returns_need_be_no_file(pytester: pytest.Pytester, apart: Apart) -> None:
    tests = """
    class Fake:
        def read(self):
            return "x"

    @pytest.fixture
    def faked(monkeypatch):
        monkeypatch.setattr("builtins.open", lambda it: Fake())

    async def test_it(faked):
        kept.append(open("virtual"))
        assert kept[-1].read() == "x"
    """
    pytester.makepyfile(test_it=HEAD + tests)
    result = apart("--no-leftovers")  # where no adapter is imported
    result.assert_outcomes(passed=2)


def test_a_thread_of_a_fixture_may_have_the_identity_of_one_that_the_test_had(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    import queue

    @pytest.fixture(scope="module")
    def server():
        ask, kept = queue.Queue(), []

        def handle(done):
            kept.append(socket.socket())
            done.set()

        def serve():
            while (done := ask.get()) is not None:
                threading.Thread(target=handle, args=(done,)).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield ask
        ask.put(None)
        thread.join()
        for it in kept:
            it.close()

    @on_asyncio
    async def test_it(server, anyio_backend):
        thread = threading.Thread(target=print)
        thread.start()
        thread.join()
        done = threading.Event()
        server.put(done)
        done.wait()
    """
    run(pytester, tests).assert_outcomes(passed=1)


def test_what_a_thread_of_the_test_makes_is_the_tests(pytester: pytest.Pytester) -> None:
    tests = body(
        """
        thread = threading.Thread(target=lambda: kept.append(socket.socket()))
        thread.start()
        thread.join()
    """,
        ON_ASYNCIO,
    )
    assert len(told(run(pytester, tests))) == 1


def test_a_fixture_may_run_another_event_loop_before_the_test_s_own_ends(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture
    async def jobs(anyio_backend):
        jobs = []
        yield jobs.append
        for it in jobs:
            it.cancel()
            await asyncio.wait([it])

    @pytest.fixture
    def database(jobs):
        yield
        asyncio.run(asyncio.sleep(0))

    @on_asyncio
    async def test_it(jobs, database, anyio_backend):
        jobs(asyncio.create_task(asyncio.sleep(100)))
    """
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_fixture_may_close_a_runner_of_asyncio_twice_or_one_that_was_never_used(
    pytester: pytest.Pytester,
) -> None:
    tests = """
    @pytest.fixture
    def closed_twice():
        with asyncio.Runner() as runner:
            yield
            runner.close()

    @pytest.fixture
    def never_used():
        made = []
        runner = asyncio.Runner(loop_factory=lambda: made.append(1) or asyncio.new_event_loop())
        yield
        runner.close()
        assert not made

    @on_asyncio
    async def test_it(closed_twice, never_used, anyio_backend):
        pass
    """
    run(pytester, tests).assert_outcomes(passed=1)


RECORDS = """
    import warnings

    @on_asyncio
    async def test_it(anyio_backend):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            warnings.warn("unclosed client", ResourceWarning)
        assert [str(it.message) for it in caught] == ["unclosed client"]
"""


def test_a_test_may_record_warnings_of_its_own(pytester: pytest.Pytester) -> None:
    run(pytester, RECORDS, "--no-leftovers", "-W", "error").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ignored", "outcome"),
    [
        ("ignore:unclosed client:ResourceWarning", "passed"),
        ("ignore:mine:ResourceWarning", "failed"),
        ("ignore::ResourceWarning:test_it", "passed"),
        ("ignore::ResourceWarning:elsewhere", "failed"),
        ("ignore::ResourceWarning::18", "passed"),
        ("ignore::ResourceWarning::17", "failed"),
    ],
)
def test_each_warning_is_filtered_by_its_own_filter(
    pytester: pytest.Pytester, ignored: str, outcome: str
) -> None:
    tests = """
    import warnings

    @on_asyncio
    async def test_it(anyio_backend):
        warnings.warn("unclosed client", ResourceWarning)
    """
    filters = ["-W", "error", "-W", ignored]
    run(pytester, tests, "--no-leftovers", *filters).assert_outcomes(**{outcome: 1})


def test_a_test_of_hypothesis_that_fails_is_not_judged(pytester: pytest.Pytester) -> None:
    tests = """
    from hypothesis import HealthCheck, settings

    @pytest.fixture
    def may_close(pytestconfig):
        pytestconfig.add_cleanup(lambda: [it.close() for it in kept])  # Hypothesis keeps the test
        yield

    @on_asyncio
    @settings(database=None, suppress_health_check=list(HealthCheck))
    @given(n=st.integers(0, 9))
    async def test_it(may_close, anyio_backend, n):
        kept.append(socket.socket())
        assert n < 5
    """
    run(pytester, tests).assert_outcomes(failed=1)


def test_what_is_installed_for_the_user_alone_is_installed() -> None:
    assert is_installed(f"{site.getusersitepackages()}/library.py")


def test_equal_functions_of_two_files_are_told_apart(pytester: pytest.Pytester) -> None:
    library = "import socket\ndef connect():\n    return socket.socket()\n"
    pytester.makepyfile(ours=library)
    tests = body("import ours\nkept.append(ours.connect())", ON_ASYNCIO)
    assert told(run(pytester, tests)) == {
        "socket ('0.0.0.0', 0), made at ours.py:3, in connect",
    }
