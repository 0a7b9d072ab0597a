"""What a test's fixture has replaced is the test's alone: the kit does not call it."""

import pytest

from tests.testing.plugin.shared import Apart

TESTS = """
    import anyio, asyncio, gc, pytest, signal, socket, threading
    from unittest import mock

    pytestmark = pytest.mark.anyio
    on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")

    @pytest.fixture(scope="module")
    async def loop(anyio_backend):  # which needs some of these names to begin
        yield

    @pytest.fixture
    def fake(loop, request):
        with mock.patch(request.param) as it:
            yield it
        it.assert_called_once()

    def replaces(name):
        return pytest.mark.parametrize("fake", [name], indirect=True)

    @pytest.fixture
    def kept():
        them = []
        yield them
        for it in them:
            it.close()

    @replaces("socket.socket")
    async def test_a_class(fake):
        socket.socket().connect(("a", 1))
        await anyio.sleep(0)
        fake.return_value.connect.assert_called_once_with(("a", 1))

    @pytest.fixture
    def no_network(loop, monkeypatch):
        def refuse(*args, **kwargs):
            raise RuntimeError("no network in tests")

        monkeypatch.setattr(socket, "socket", refuse)

    async def test_a_class_that_is_a_function_now(no_network, tmp_path):
        with open(tmp_path / "file", "w") as file:
            file.write("text")
        await anyio.sleep(0)

    @replaces("threading.Thread")
    async def test_another_class(fake):
        threading.Thread(target=print).start()
        await anyio.sleep(0)
        fake.assert_called_once_with(target=print)

    @replaces("threading.Thread.start")
    async def test_a_method(fake):
        threading.Thread(target=print).start()
        await anyio.sleep(0)
        fake.assert_called_once_with()

    @replaces("threading.main_thread")
    async def test_a_function(fake):
        threading.main_thread()
        await anyio.sleep(0)
        fake.assert_called_once_with()

    @replaces("builtins.open")
    async def test_a_builtin(fake):
        open("file")
        await anyio.sleep(0)
        open.assert_called_once_with("file")

    @replaces("signal.signal")
    async def test_signal(fake):
        signal.signal(signal.SIGTERM, print)
        await anyio.sleep(0)
        fake.assert_called_once_with(signal.SIGTERM, print)

    @replaces("signal.getsignal")
    async def test_getsignal(fake):
        signal.getsignal(signal.SIGTERM)
        await anyio.sleep(0)
        fake.assert_called_once_with(signal.SIGTERM)

    @on_asyncio
    @replaces("asyncio.get_running_loop")
    async def test_get_running_loop(fake, anyio_backend):
        asyncio.get_running_loop().stop()
        await anyio.sleep(0)
        fake.return_value.stop.assert_called_once_with()

    @on_asyncio
    @replaces("asyncio.all_tasks")
    async def test_all_tasks(fake, anyio_backend):
        asyncio.all_tasks()
        await anyio.sleep(0)
        fake.assert_called_once_with()

    @on_asyncio
    @replaces("asyncio.current_task")
    async def test_current_task(fake, anyio_backend):
        asyncio.current_task()
        fake.assert_called_once_with()

    @on_asyncio
    @replaces("asyncio.sleep")
    async def test_sleep(kept, fake, anyio_backend):
        kept.append(socket.socket())
        await asyncio.sleep(5)

    @pytest.fixture
    def worker():
        event = threading.Event()
        thread = threading.Thread(target=event.wait)
        yield thread
        event.set()
        thread.join()

    @replaces("gc.disable")
    async def test_gc(worker, fake):
        gc.disable()
        worker.start()
        await anyio.sleep(0)
"""
N_TESTS = 9 * 2 + 4  # the tests above: on both event loops, or on asyncio


OPTIONS = (
    *("--no-leftovers", "--anyio-timeout=60", "--virtual-time"),
    *("--explore=2", "--explore-cancel"),
)


@pytest.mark.parametrize("option", OPTIONS)
def test_what_a_fixture_has_replaced_is_called_by_the_test_alone(
    pytester: pytest.Pytester, apart: Apart, option: str
) -> None:
    pytester.makepyfile(test_it=TESTS)
    # What the option needs is imported then, and not here before.
    result = apart("--anyio-backends=asyncio,trio", option)
    result.assert_outcomes(passed=N_TESTS)


@pytest.mark.parametrize("option", OPTIONS)
def test_what_an_option_needs_is_imported_before_a_fixture_replaces_what_imports_use(
    pytester: pytest.Pytester, apart: Apart, option: str
) -> None:
    tests = """
    import anyio, pytest
    from unittest import mock

    @pytest.fixture
    def fake():
        with mock.patch("builtins.open") as it:
            yield it

    @pytest.mark.anyio
    async def test_it(fake):
        open("file")
        await anyio.sleep(0)
        fake.assert_called_once_with("file")
    """
    pytester.makepyfile(test_it=tests)
    result = apart("--anyio-backends=asyncio,trio", option)
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("library", ["asyncio", "anyio", "trio"])
def test_what_a_task_waits_for_is_told_also_where_its_class_is_replaced(
    pytester: pytest.Pytester, library: str
) -> None:
    tests = f"""
    import {library}, pytest

    @pytest.mark.anyio
    @pytest.mark.virtual_time
    async def test_it(monkeypatch):
        before = {library}.Event()
        monkeypatch.setattr({library}, "Event", print)
        await before.wait()
    """
    pytester.makepyfile(test_it=tests)
    backends = "asyncio,trio" if library == "anyio" else library
    result = pytester.runpytest(f"--anyio-backends={backends}")

    result.assert_outcomes(failed=len(backends.split(",")))
    result.stdout.fnmatch_lines(
        ["*the main task waits at test_it.py:*for Event 'before' to be set"]
    )


def test_no_leftovers_knows_the_start_of_threads_that_virtual_time_replaces(
    pytester: pytest.Pytester, apart: Apart
) -> None:
    tests = """
    import pytest, threading

    @pytest.fixture(scope="session", autouse=True)
    def event():
        event = threading.Event()
        yield event
        event.set()

    @pytest.mark.anyio
    async def test_it(event):
        threading.Thread(target=event.wait).start()
    """
    pytester.makepyfile(test_it=tests)
    options = "--anyio-backends=asyncio,trio", "--virtual-time", "--no-leftovers"
    result = apart(*options)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(2 * ["  thread Thread-*, made at test_it.py:*"])


def test_what_the_kit_replaces_keeps_its_signature(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import builtins, inspect, io, socket, subprocess, threading
        from unittest import mock

        import anyio
        import pytest

        @pytest.mark.anyio
        async def test_it():
            for it in (subprocess.Popen, socket.socket, threading.Thread.start, open):
                assert "kwargs" not in inspect.signature(it).parameters
            assert io.open is open
            assert threading.Thread.start.__qualname__ == "Thread.start"
            with mock.patch("subprocess.Popen", autospec=True) as started:
                subprocess.Popen(["ls"])
                started.assert_called_once_with(args=["ls"])
        """
    )
    result = pytester.runpytest("--anyio-backends=asyncio", "--virtual-time", "--no-leftovers")
    result.assert_outcomes(passed=1)
