"""What becomes what, coming from pytest-asyncio, and from pytest-trio with its clocks."""

from tests.site.rows import Row

PYTEST_ASYNCIO = [
    Row(
        "`@pytest.mark.asyncio`, auto mode",
        """
        @pytest.mark.asyncio(loop_scope="module")
        async def test_it():
            await asyncio.sleep(0.01)
        """,
    ),
    Row(
        "`await asyncio.sleep(0.1)` in a test",
        """
        @pytest.mark.asyncio
        async def test_it():
            seen = []
            async def work():
                await asyncio.sleep(0.05)
                seen.append(1)
            task = asyncio.create_task(work())
            await asyncio.sleep(0.1)
            assert seen
        """,
    ),
    Row(
        "`asyncio.wait_for(..., 5)` around",
        """
        @pytest.mark.asyncio
        async def test_it():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        """,
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.Event().wait()
        """,
        prints="the main task waits at test_it.py:*, in test_it, for an Event to be set",
    ),
    Row(
        "`pytest-timeout`",
        """
        @pytest.mark.asyncio
        async def test_it(): pass
        """,
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(60)
        """,
        options="--anyio-timeout=0.2",
        prints="After 0.2 s, the test has not ended",
    ),
    Row(
        '`mock.patch("asyncio.sleep")`',
        """
        @pytest.mark.asyncio
        async def test_it():
            with mock.patch("asyncio.sleep"):
                await asyncio.sleep(3600)
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == 3600
        """,
        options="",
    ),
    Row(
        "a loop factory or `event_loop_policy`",
        """
        class Loop(asyncio.SelectorEventLoop): pass

        class Policy(asyncio.DefaultEventLoopPolicy):
            _loop_factory = Loop

        @pytest.fixture
        def event_loop_policy():
            return Policy()

        @pytest.mark.asyncio
        async def test_it():
            assert type(asyncio.get_running_loop()) is Loop
            await asyncio.sleep(0.01)
        """,
        prints="1 test ran in real time, with an event loop or a clock of its own",
    ),
    Row(
        "a test that is flaky",
        """
        @pytest.mark.asyncio
        async def test_it():
            seen = []
            async def work(name):
                await asyncio.sleep(0)
                seen.append(name)
            await asyncio.gather(work(1), work(2))
            assert seen == [1, 2]
        """,
        options="--explore",
        prints="It replays with: @pytest.mark.explore(Schedule(",
    ),
    Row(
        "`@pytest.mark.asyncio`",
        """
        @pytest.mark.asyncio
        async def test_it(): pass
        """,
        """
        @pytest.mark.anyio
        async def test_it(): pass
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "`asyncio_mode = auto`",
        """
        async def test_it(): pass
        """,
        """
        async def test_it(): pass
        """,
        options="-o anyio_mode=auto --anyio-backends=asyncio,trio",
        prints="= 2 passed",
        without="-o asyncio_mode=auto",
    ),
    Row(
        "`@pytest_asyncio.fixture`",
        """
        @pytest_asyncio.fixture
        async def one():
            yield 1

        @pytest.mark.asyncio
        async def test_it(one): assert one == 1
        """,
        """
        @pytest.fixture
        async def one():
            yield 1

        @pytest.mark.anyio
        async def test_it(one): assert one == 1
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        '`loop_scope="module"`',
        """
        loops = set()

        @pytest.mark.asyncio(loop_scope="module")
        @pytest.mark.parametrize("n", [1, 2])
        async def test_it(n):
            loops.add(asyncio.get_running_loop())
            assert len(loops) == 1
        """,
        """
        loops = set()

        @pytest.fixture(scope="module")
        def anyio_backend():
            return "asyncio"

        @pytest.fixture(scope="module")
        async def kept(anyio_backend):
            yield

        @pytest.mark.anyio
        @pytest.mark.parametrize("n", [1, 2])
        async def test_it(n, kept):
            loops.add(asyncio.get_running_loop())
            assert len(loops) == 1
        """,
        options="",
        prints="= 2 passed",
        printed="= 2 passed",
    ),
    Row(
        "an `event_loop_policy` for uvloop",
        """
        @pytest.fixture
        def event_loop_policy():
            return asyncio.DefaultEventLoopPolicy()

        @pytest.mark.asyncio
        async def test_it(): pass
        """,
        """
        @pytest.mark.anyio
        async def test_it():
            assert type(asyncio.get_running_loop()).__module__.startswith("uvloop")
        """,
        options="--anyio-backends=asyncio+uvloop",
    ),
    Row(
        "`asyncio.sleep`, `gather` in the code",
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
        """,
        """
        @pytest.mark.anyio
        async def test_it():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.sleep, 0)
                tasks.start_soon(anyio.sleep, 0)
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
]
MOCKCLOCK = [
    Row(
        "`@pytest.mark.trio`, `trio_mode = true`",
        """
        @pytest.mark.trio
        async def test_it():
            await trio.sleep(0.01)
        """,
    ),
    Row(
        "the fixture `autojump_clock`",
        """
        @pytest.mark.trio
        async def test_it(autojump_clock):
            await trio.sleep(3600)
            assert trio.current_time() == 3600
        """,
        """
        @pytest.mark.trio
        @pytest.mark.virtual_time
        async def test_it():
            await trio.sleep(3600)
            assert trio.current_time() == 3600
        """,
        options="",
    ),
    Row(
        "`autojump_clock.autojump_threshold = 0.5`",
        """
        @pytest.mark.trio
        async def test_it(autojump_clock):
            autojump_clock.autojump_threshold = 0.01
            await trio.sleep(3600)
        """,
        """
        @pytest.mark.trio
        @pytest.mark.virtual_time(idle=0.01)
        async def test_it():
            await trio.sleep(3600)
        """,
        options="",
    ),
    Row(
        "the fixture `mock_clock`, `mock_clock.jump(60)`",
        """
        @pytest.mark.trio
        async def test_it(mock_clock):
            mock_clock.jump(60)
            assert trio.current_time() == 60
        """,
        """
        @pytest.mark.trio
        async def test_it(virtual_clock):
            virtual_clock.hold()
            await virtual_clock.advance(60)
            assert trio.current_time() == 60
        """,
        options="",
    ),
    Row(
        "`trio.run(main, clock=MockClock(autojump_threshold=0))`",
        """
        async def main():
            await trio.sleep(3600)
            assert trio.current_time() == 3600

        def test_it():
            trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
        """,
        """
        async def main():
            await trio.sleep(3600)
            assert trio.current_time() == 3600

        def test_it():
            anyio.run(main, backend="trio", backend_options=virtual_time("trio"))
        """,
        options="",
    ),
    Row(
        "`trio.current_time()`",
        """
        @pytest.mark.trio
        async def test_it():
            assert abs(trio.current_time() - anyio.current_time()) < 60
        """,
    ),
    Row(
        "the fixture `nursery`",
        """
        @pytest.mark.trio
        async def test_it(nursery):
            nursery.start_soon(trio.sleep, 0.01)
        """,
    ),
    Row(
        "`wait_all_tasks_blocked()` after a jump",
        """
        @pytest.mark.trio
        async def test_it(mock_clock, nursery):
            seen = []
            async def work():
                await trio.sleep(60)
                seen.append(1)
            nursery.start_soon(work)
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(60)
            await trio.testing.wait_all_tasks_blocked()
            assert seen
        """,
        """
        @pytest.mark.trio
        async def test_it(virtual_clock, nursery):
            seen = []
            async def work():
                await trio.sleep(60)
                seen.append(1)
            nursery.start_soon(work)
            virtual_clock.hold()
            await virtual_clock.advance(60)
            assert seen
        """,
        options="",
    ),
]
