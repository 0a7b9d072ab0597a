"""What becomes what, coming from detangle and frontrun."""

from tests.site.rows import Row

STOCK = """
class Stock:
    def __init__(self):
        self.n_left = 1
    async def take(self):
        if self.n_left:
            await asyncio.sleep(0)
            self.n_left -= 1
"""
BODY = """
async def test_it():
    stock = Stock()
    async def late():
        for _ in range(3):
            await asyncio.sleep(0)
        await stock.take()
    await asyncio.gather(stock.take(), late())
    assert stock.n_left == 0
"""
# A sleep that stands for I/O, which may take longer.
SLOW = """
async def test_it():
    seen = []
    async def work(name, seconds):
        await asyncio.sleep(seconds)
        seen.append(name)
    await asyncio.gather(work("a", 1), work("b", 2))
    assert seen == ["a", "b"]
"""
POOL = """
class Pool:
    n_free = 1
    async def use(self):
        self.n_free -= 1
        await asyncio.sleep(0)
        self.n_free += 1
"""
NUMBERS = """
class Least:
    def __init__(self):
        self.number = 100
    async def take(self, number):
        if number < self.number:
            await asyncio.sleep(0)
            self.number = number
"""
DETANGLED = f"import detangle\n{STOCK}\n@detangle.test{BODY}"
TEST = f"{STOCK}\n@pytest.mark.asyncio{BODY}"
SPINS = """
async def test_it():
    while True:
        await asyncio.sleep(0)
"""
WAITS = """
async def test_it():
    lock = asyncio.Lock()
    await lock.acquire()
    await lock.acquire()
"""

DETANGLE = [
    Row(
        "`@detangle.test`, `@pytest.mark.detangle` on each test",
        DETANGLED,
        TEST,
        options="--explore",
        prints="It replays with: @pytest.mark.explore(Schedule({",
        printed="detangle found a bug",
    ),
    Row(
        "`--detangle-runs=1000`, `runs=1000`",
        DETANGLED.replace("range(3)", "range(0)").replace("stock.take(), late()", "late()"),
        f"import anyio.lowlevel\n{STOCK}\n@pytest.mark.asyncio"
        + BODY.replace("== 0", "in (0, -1)"),
        options="--explore=60",
        prints="1 test, 60 orders",
        without="--detangle-runs=60",
    ),
    Row(
        "a token, `DETANGLE_REPLAY=dt1-...`",
        DETANGLED,
        f"{STOCK}\n@pytest.mark.asyncio\n@pytest.mark.explore(Schedule({{(1, 2): 'idle'}})){BODY}",
        options="",
        prints="What Schedule({(1, 2): 'idle'}) did:",
        printed="DETANGLE_REPLAY=dt1-",
    ),
    Row(
        '`strategy="pct:3"`, random walk, `auto`',
        f'import detangle\n{STOCK}\n@detangle.test(strategy="pct:3"){BODY}',
        TEST,
        options="--explore",
        prints="= 1 failed",
        printed="[pct(depth=3",
    ),
    Row(
        "`DFS(max_delays=2)`",
        f'import detangle\n{STOCK}\n@detangle.test(strategy="dfs:2"){BODY.replace("3", "0")}',
        f"{STOCK}\n@pytest.mark.asyncio{BODY.replace('== 0', 'in (0, -1)')}",
        options="--explore=all:2",
        prints="1 test in all orders with at most 2 deviations",
        printed="detangle found a bug",
    ),
    Row(
        "`timer_jitter=3`",
        f"import detangle\n@detangle.test(timer_jitter=3){SLOW}",
        f"@pytest.mark.asyncio{SLOW}",
        options="--virtual-time --explore --explore-jitter=3",
        prints="= 1 failed",
        printed="detangle found a bug",
    ),
    Row(
        "`maybe_timeout(...)`",
        f"""import detangle
{POOL}
@detangle.test
async def test_it():
    pool = Pool()
    with contextlib.suppress(TimeoutError):
        await detangle.maybe_timeout(pool.use())
    assert pool.n_free == 1
""",
        f"""{POOL}
@pytest.mark.anyio
@pytest.mark.explore(cancel=True)
async def test_it():
    pool = Pool()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.use)
    assert pool.n_free == 1
""",
        options="--anyio-backends=asyncio,trio",
        prints="= 2 failed",
        printed="detangle found a bug",
    ),
    Row(
        "`detangle.choice`, `randint`",
        f"""import detangle
{NUMBERS}
@detangle.test
async def test_it():
    least, numbers = Least(), [detangle.randint(1, 3) for _ in range(2)]
    await asyncio.gather(*map(least.take, numbers))
    assert least.number == min(numbers)
""",
        f"""from hypothesis import given, strategies as st
{NUMBERS}
@pytest.mark.asyncio
@given(st.lists(st.integers(1, 3), min_size=2, max_size=2), schedules())
async def test_it(numbers, schedule):
    least = Least()
    with schedule:
        await asyncio.gather(*map(least.take, numbers))
    assert least.number == min(numbers)
""",
        options="--virtual-time",
        prints="schedule=Schedule(",
        printed="detangle found a bug",
    ),
    Row(
        "`.detangle/`, failures that are tried first",
        DETANGLED,
        TEST,
        options="--explore --explore-known=known.txt",
        prints="known.txt",
        printed="detangle found a bug",
    ),
    Row(
        "`max_steps`, `max_time`",
        f"import detangle\n@detangle.test(max_steps=100){SPINS}",
        f"@pytest.mark.asyncio\n@pytest.mark.virtual_time(turns=100){SPINS}",
        options="",
        prints="LivelockError",
        printed="StepLimitExceeded",
    ),
    Row(
        "a graph of who holds which lock",
        f"import detangle\n@detangle.test{WAITS}",
        f"@pytest.mark.asyncio\n@pytest.mark.virtual_time{WAITS}",
        options="",
        prints="the main task waits at test_it.py:*, in test_it, for Lock 'lock'",
        printed="DeadlockError",
    ),
    Row(
        "`detangle.run(main)`",
        """import detangle
async def main():
    await asyncio.sleep(3600)

def test_it():
    detangle.run(main)
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

FRONTRUN = [
    Row(
        "`explore(setup=..., workers=..., count=2, invariant=...)`",
        f"""import frontrun
{STOCK}
@pytest.mark.asyncio
async def test_it():
    result = await frontrun.explore(
        setup=Stock, workers=Stock.take, count=2, invariant=lambda stock: stock.n_left == 0
    )
    result.assert_holds()
""",
        TEST,
        options="--explore",
        prints="It replays with: @pytest.mark.explore(Schedule({",
        printed="= 1 failed",
    ),
    Row(
        "`result.assert_holds()`",
        f"""import frontrun
{STOCK}
@pytest.mark.asyncio
async def test_it():
    result = await frontrun.explore(
        setup=Stock, workers=Stock.take, count=2, invariant=lambda stock: stock.n_left == 0
    )
    assert not result.property_holds
""",
        TEST,
        options="--explore",
        prints="assert -1 == 0",
    ),
    Row(
        "DPOR",
        f"""import frontrun
{STOCK.replace("await asyncio.sleep(0)", "pass")}
@pytest.mark.asyncio
async def test_it():
    result = await frontrun.explore(
        setup=Stock, workers=Stock.take, count=2, invariant=lambda stock: stock.n_left == 0
    )
    result.assert_holds()
""",
        f"""{STOCK.replace("await asyncio.sleep(0)", "pass")}
@pytest.mark.anyio
async def test_it():
    for schedule in (every := every_schedule(deviations=2)):
        with schedule:
            stock = Stock()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stock.take)
                tasks.start_soon(stock.take)
        assert stock.n_left == 0
    assert "with at most 2 deviations passed" in str(every)
""",
        options="--anyio-backends=asyncio,trio",
        prints="= 2 passed",
    ),
]
