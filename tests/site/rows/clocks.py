"""What becomes what, coming from looptime, async-solipsism, and freezegun or time-machine."""

from tests.site.rows import Row

LOOPTIME = [
    Row(
        "`pytest --looptime`",
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(3600)
        """,
        without="--looptime",
    ),
    Row(
        "`@pytest.mark.looptime`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime
        async def test_it():
            await asyncio.sleep(3600)
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(3600)
        """,
        options="",
    ),
    Row(
        "`@pytest.mark.looptime(False)`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime(False)
        async def test_it():
            began = time.monotonic()
            await asyncio.sleep(0.05)
            assert time.monotonic() - began >= 0.04
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.real_time
        async def test_it():
            began = time.monotonic()
            await asyncio.sleep(0.05)
            assert time.monotonic() - began >= 0.04
        """,
        without="--looptime",
    ),
    Row(
        "`@pytest.mark.looptime(start=100)`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime(start=100)
        async def test_it():
            await asyncio.sleep(5)
            assert asyncio.get_running_loop().time() == 105
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(5)
            assert 100 + asyncio.get_running_loop().time() == 105
        """,
        options="",
    ),
    Row(
        "`@pytest.mark.looptime(end=60)`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime(end=60)
        async def test_it():
            await asyncio.sleep(3600)
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            with anyio.fail_after(60):
                await asyncio.sleep(3600)
        """,
        options="",
        prints="TimeoutError",
        printed="LoopTimeoutError",
    ),
    Row(
        "`idle_step`, `idle_timeout`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime(idle_step=0.1, idle_timeout=1)
        async def test_it():
            await asyncio.Event().wait()
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time(idle=0.01)
        async def test_it():
            await asyncio.Event().wait()
        """,
        options="",
        prints="DeadlockError",
        printed="IdleTimeoutError",
    ),
    Row(
        "`resolution`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime
        async def test_it():
            await asyncio.sleep(0.0000001)
            assert asyncio.get_running_loop().time() == 0.000001
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(0.0000001)
            assert asyncio.get_running_loop().time() == 0.0000001
        """,
        options="",
    ),
    Row(
        "`asyncio.get_running_loop().time()`",
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == 3600
        """,
        """
        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == anyio.current_time() == 3600
        """,
        without="--looptime",
    ),
    Row(
        "the fixture `looptime`",
        """
        @pytest.mark.asyncio
        @pytest.mark.looptime
        async def test_it(looptime):
            await asyncio.sleep(5)
            assert looptime == 5
        """,
        """
        @pytest.mark.asyncio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(5)
            assert anyio.current_time() == 5
        """,
        options="",
    ),
    Row(
        "`@looptime.enabled`",
        """
        import looptime

        async def main():
            with looptime.enabled(strict=True):
                await asyncio.sleep(3600)

        @pytest.mark.asyncio
        async def test_it():
            await main()
        """,
        """
        async def main():
            await asyncio.sleep(3600)

        def test_it():
            anyio.run(main, backend_options=virtual_time("asyncio"))
        """,
        options="",
    ),
]

SOLIPSISM = [
    Row(
        "`EventLoop()` in the `event_loop_policy`",
        """
        import async_solipsism

        @pytest.fixture
        def event_loop_policy():
            return async_solipsism.EventLoopPolicy()

        @pytest.mark.asyncio
        async def test_it():
            await asyncio.sleep(3600)
        """,
        """
        @pytest.mark.anyio
        @pytest.mark.virtual_time
        async def test_it():
            await asyncio.sleep(3600)
        """,
        options="--anyio-backends=asyncio",
    ),
    Row(
        "`asyncio.Runner(loop_factory=async_solipsism.EventLoop)`",
        """
        import async_solipsism

        async def main():
            await asyncio.sleep(3600)

        def test_it():
            with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
                runner.run(main())
        """,
        """
        async def main():
            await asyncio.sleep(3600)

        def test_it():
            with asyncio.Runner(loop_factory=virtual_time("asyncio")["loop_factory"]) as runner:
                runner.run(main())
        """,
        options="",
    ),
    Row(
        "`SleepForeverError`",
        """
        import async_solipsism

        async def main():
            await asyncio.Event().wait()

        def test_it():
            with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
                runner.run(main())
        """,
        """
        async def main():
            await asyncio.Event().wait()

        def test_it():
            anyio.run(main, backend_options=virtual_time("asyncio"))
        """,
        options="",
        prints="the main task waits at test_it.py:*, in main, for an Event to be set",
        printed="SleepForeverError",
    ),
    Row(
        "`loop.time()`",
        """
        import async_solipsism

        async def main():
            assert asyncio.get_running_loop().time() == 0
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == 3600

        def test_it():
            with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
                runner.run(main())
        """,
        """
        async def main():
            assert asyncio.get_running_loop().time() == 0
            await asyncio.sleep(3600)
            assert asyncio.get_running_loop().time() == 3600

        def test_it():
            anyio.run(main, backend_options=virtual_time("asyncio"))
        """,
        options="",
    ),
    Row(
        "`async_solipsism.socketpair()`, `start_server`",
        """
        import async_solipsism

        async def serve(reader, writer):
            writer.write(await reader.readline())
            writer.close()

        async def main():
            async with await asyncio.start_server(serve, "made.up", 1234):
                reader, writer = await asyncio.open_connection("made.up", 1234)
                writer.write(b"hello\\n")
                assert await reader.readline() == b"hello\\n"
                writer.close()

        def test_it():
            with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
                runner.run(main())
        """,
        """
        async def serve(stream):
            async with stream:
                await stream.send(await stream.receive())

        @pytest.mark.anyio
        @pytest.mark.virtual_time
        async def test_it():
            async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
                port = listener.extra(anyio.abc.SocketAttribute.local_port)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(listener.serve, serve)
                    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                        await stream.send(b"hello")
                        assert await stream.receive() == b"hello"
                    tasks.cancel_scope.cancel()
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "`loop.run_in_executor`",
        """
        import async_solipsism

        ran = []

        async def main():
            asyncio.get_running_loop().call_soon(ran.append, "task")
            await asyncio.get_running_loop().run_in_executor(None, ran.append, "thread")
            assert ran == ["thread"]

        def test_it():
            with asyncio.Runner(loop_factory=async_solipsism.EventLoop) as runner:
                runner.run(main())
        """,
        """
        is_set = threading.Event()

        async def main():
            asyncio.get_running_loop().call_soon(is_set.set)
            assert await asyncio.get_running_loop().run_in_executor(None, is_set.wait)
            assert asyncio.get_running_loop().time() == 0

        def test_it():
            anyio.run(main, backend_options=virtual_time("asyncio"))
        """,
        options="",
    ),
]

WALL_CLOCKS = [
    Row(
        "`@freeze_time(",
        """
        @time_machine.travel(datetime(2030, 1, 31, 12, tzinfo=UTC), tick=False)
        def test_it():
            assert datetime.now(UTC) == datetime(2030, 1, 31, 12, tzinfo=UTC)
        """,
        """
        @pytest.mark.anyio
        @pytest.mark.virtual_time(wall=datetime(2030, 1, 31, 12, tzinfo=UTC))
        async def test_it():
            assert datetime.now(UTC) == datetime(2030, 1, 31, 12, tzinfo=UTC)
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "`tick=True`",
        """
        @time_machine.travel(datetime(2030, 1, 31, 12, tzinfo=UTC), tick=True)
        def test_it():
            began = datetime.now(UTC)  # it ticks from the first look at it on
            time.sleep(0.01)
            assert datetime.now(UTC) > began == datetime(2030, 1, 31, 12, tzinfo=UTC)
        """,
        """
        @pytest.mark.anyio
        @pytest.mark.virtual_time(wall=datetime(2030, 1, 31, 12, tzinfo=UTC))
        async def test_it():
            await anyio.sleep(3600)
            assert datetime.now(UTC) == datetime(2030, 1, 31, 13, tzinfo=UTC)
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "`frozen.tick(60)`, `traveller.shift(60)`",
        """
        def test_it():
            with time_machine.travel(0, tick=False) as traveller:
                traveller.shift(60)
                assert time.time() == 60
        """,
        """
        @pytest.mark.anyio
        @pytest.mark.virtual_time(wall=datetime.fromtimestamp(0, UTC))
        async def test_it():
            ran = []
            async with anyio.create_task_group() as tasks:
                async def timer():
                    await anyio.sleep(30)
                    ran.append(time.time())
                tasks.start_soon(timer)
                await anyio.sleep(60)
            assert ran == [30]
            assert time.time() == 60
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "`frozen.move_to(...)`",
        """
        def test_it():
            with time_machine.travel(0, tick=False) as traveller:
                traveller.move_to(60)
                assert time.time() == 60
        """,
        """
        @pytest.mark.anyio
        @pytest.mark.virtual_time(wall=datetime.fromtimestamp(0, UTC))
        async def test_it(virtual_clock):
            await virtual_clock.advance(60)
            assert time.time() == 60
        """,
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
    Row(
        "for a whole suite",
        """
        @pytest.fixture(autouse=True)
        def frozen():
            with time_machine.travel(datetime(2030, 1, 31, 12, tzinfo=UTC), tick=False):
                yield

        def test_it():
            assert datetime.now(UTC) == datetime(2030, 1, 31, 12, tzinfo=UTC)
        """,
        """
        @pytest.mark.anyio
        async def test_it():
            assert datetime.now(UTC) == datetime(2030, 1, 31, 12, tzinfo=UTC)
        """,
        options=(
            "--anyio-backends=asyncio,trio --virtual-time --virtual-time-wall=2030-01-31T12:00Z"
        ),
        prints="= 2 passed",
    ),
]
