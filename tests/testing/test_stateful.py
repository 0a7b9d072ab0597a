"""State machines of Hypothesis with async rules."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, Protocol

import anyio
import anyio.lowlevel
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, precondition, run_state_machine_as_test
from hypothesis.stateful import rule as sync_rule

from awaits.testing import DeadlockError, VirtualClock
from awaits.testing.backends import running
from awaits.testing.clock import timekeeper_of
from awaits.testing.stateful import AsyncStateMachine, initialize, invariant, rule

SOME = settings(max_examples=20, stateful_step_count=5, database=None, derandomize=True)
FIRST = settings(SOME, phases=[Phase.generate])  # to find a failure, and leave it as it is


class Run(Protocol):
    """Runs a machine on an event loop."""

    def __call__(self, machine: type[AsyncStateMachine], chosen: settings = ...) -> None: ...


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a machine on an event loop."""
    name: str = request.param

    def on_backend(machine: type[AsyncStateMachine], chosen: settings = FIRST) -> None:
        on_it = type(machine.__name__, (machine,), {"backend": name})
        run_state_machine_as_test(on_it, settings=chosen)

    return on_backend


class Recorded(AsyncStateMachine):
    """What every part of a machine may do."""

    seen: ClassVar[set[str]] = set()
    numbers: ClassVar[Bundle[int]] = Bundle("numbers")

    @initialize(target=numbers)
    async def begin(self) -> int:
        await anyio.sleep(3600)
        self.seen.add(f"initialized at {self.clock.time()}")
        self.began = True
        return 1

    @rule(target=numbers, number=numbers)
    async def double(self, number: int) -> int:
        await anyio.sleep(number)
        return 2 * number

    @rule(number=numbers, add=st.integers(0, 3))
    async def sleep(self, number: int, add: int) -> None:
        before = anyio.current_time()
        await anyio.sleep(number + add)
        assert anyio.current_time() == before + number + add
        self.seen.add(f"slept on {running()}")

    @precondition(lambda self: self.began)
    @rule()
    async def guarded(self) -> None:
        self.seen.add("guarded")

    @sync_rule()
    def sync(self) -> None:
        self.seen.add("sync")

    @invariant()
    async def holds(self) -> None:
        await anyio.lowlevel.checkpoint()
        assert self.began
        self.seen.add("checked")


def test_rules_initializers_invariants_and_bundles_are_async_and_in_virtual_time(run: Run) -> None:
    Recorded.seen.clear()

    run(Recorded)

    assert Recorded.seen >= {"initialized at 3600.0", "guarded", "sync", "checked"}
    assert {"slept on asyncio", "slept on trio"} & Recorded.seen


class Overlapping(AsyncStateMachine):
    """A rule that must not be entered twice, and may be."""

    inside = 0

    @rule()
    async def enter(self) -> None:
        self.inside += 1
        await anyio.sleep(1)
        assert self.inside == 1
        self.inside -= 1


def test_rules_overlap_and_a_failure_in_one_that_goes_on_is_told_and_made_small(run: Run) -> None:
    with pytest.raises(AssertionError) as caught:
        run(Overlapping, SOME)

    notes = caught.value.__notes__
    steps = [note for note in notes if note.startswith("state.enter(")]
    assert steps == ["state.enter(goes_on=True)", "state.enter(goes_on=False)"]
    assert "state.in_order(schedule=Schedule())" in notes


class Ordered(AsyncStateMachine):
    """A bug that shows when a task of one step more comes before the other one."""

    @rule()
    async def race(self) -> None:
        order: list[str] = []

        async def work(name: str, n_steps: int) -> None:
            for _ in range(n_steps):
                await anyio.lowlevel.checkpoint()
            order.append(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, "short", 1)
            tasks.start_soon(work, "long", 4)
        assert order == ["short", "long"]


def test_the_order_of_their_tasks_is_drawn(run: Run) -> None:
    with pytest.raises(AssertionError) as caught:
        run(Ordered, settings(FIRST, max_examples=300))
    assert any("state.in_order(schedule=Schedule({(" in note for note in caught.value.__notes__)


class Waiting(AsyncStateMachine):
    """Rules that wait for ever, and one that fails a second later."""

    @rule()
    async def wait(self) -> None:
        await anyio.Event().wait()

    @rule()
    async def fail(self) -> None:
        await anyio.sleep(1)
        raise ConnectionError


@pytest.fixture(params=["asyncio", "trio"])
def waiting(request: pytest.FixtureRequest) -> Waiting:
    name: str = request.param
    machine: Waiting = type("OnBackend", (Waiting,), {"backend": name})()
    return machine


def called(name: str, machine: type[AsyncStateMachine] = Waiting) -> Callable[..., object]:
    """What Hypothesis calls for a rule."""
    function: Callable[..., object] = getattr(machine, name).hypothesis_stateful_rule.function
    return function


def test_a_rule_that_is_waited_for_and_waits_for_ever_is_told(waiting: Waiting) -> None:
    with pytest.raises(DeadlockError):
        called("wait")(waiting)
    waiting.teardown()


def test_a_rule_that_goes_on_and_waits_for_ever_is_told_at_the_end(waiting: Waiting) -> None:
    called("wait")(waiting, goes_on=True)
    with pytest.raises(DeadlockError):
        waiting.teardown()


def test_a_rule_that_goes_on_and_fails_is_told_at_the_end(waiting: Waiting) -> None:
    called("fail")(waiting, goes_on=True)
    with pytest.raises(ConnectionError):
        waiting.teardown()


def test_an_error_of_a_rule_that_goes_on_counts_more_than_the_deadlock_behind_it(
    waiting: Waiting,
) -> None:
    called("fail")(waiting, goes_on=True)
    with pytest.raises(ConnectionError):
        called("wait")(waiting)
    waiting.teardown()


class Asking(AsyncStateMachine):
    """A rule that waits for a task that was cancelled."""

    backend = "asyncio"

    @rule()
    async def ask(self) -> None:
        task = asyncio.ensure_future(anyio.sleep(1))
        await anyio.lowlevel.checkpoint()
        task.cancel()
        await task


@pytest.mark.parametrize("goes_on", [False, True])
def test_the_cancellation_of_another_task_is_a_failure_like_any_other(*, goes_on: bool) -> None:
    machine = Asking()

    def run() -> None:
        called("ask", Asking)(machine, goes_on=goes_on)
        machine.teardown()

    with pytest.raises(RuntimeError, match=r"asyncio.CancelledError came out, though nobody has"):
        run()
    machine.teardown()


def test_a_machine_is_a_test_case_as_ever() -> None:
    Recorded.seen.clear()

    Recorded.TestCase().runTest()

    assert "checked" in Recorded.seen


class Preconditioned(AsyncStateMachine):
    """Parts that stand in a decorator that knows nothing of async functions."""

    seen: ClassVar[set[str]] = set()
    names: ClassVar[Bundle[str]] = Bundle("names")

    @rule(target=names)
    @precondition(lambda _: True)
    async def name(self) -> str:
        await anyio.sleep(1)
        self.seen.add("rule")
        return "name"

    @rule(name=names)
    @precondition(lambda _: True)
    async def use(self, name: str) -> None:
        await anyio.sleep(1)
        self.seen.add(f"use of {name}")

    @invariant()
    @precondition(lambda _: True)
    async def holds(self) -> None:
        await anyio.sleep(1)
        self.seen.add("invariant")


def test_an_async_part_may_stand_below_a_precondition(run: Run) -> None:
    Preconditioned.seen.clear()
    run(Preconditioned)
    assert Preconditioned.seen == {"rule", "use of name", "invariant"}


class TornDown(AsyncStateMachine):
    """A machine that tears down something of its own, and calls nothing of its base."""

    seen: ClassVar[list[str]] = []
    clocks: ClassVar[list[VirtualClock]] = []

    @rule()
    async def sleep(self) -> None:
        await anyio.sleep(1)
        self.clocks.append(self.clock)

    def teardown(self) -> None:
        self.seen.append("torn down")


class TornDownAsync(AsyncStateMachine):
    """A machine that does so in its event loop, and calls its base's."""

    seen: ClassVar[list[str]] = []
    clocks: ClassVar[list[VirtualClock]] = []

    @rule()
    async def sleep(self) -> None:
        await anyio.sleep(1)
        self.clocks.append(self.clock)

    async def teardown(self) -> None:  # type: ignore[override]
        await anyio.sleep(1)
        super().teardown()
        self.seen.append("torn down")


class TornDownAwaiting(TornDownAsync):
    """A machine that awaits its base's, which needs no awaiting."""

    async def teardown(self) -> None:  # type: ignore[override]
        await AsyncStateMachine.teardown(self)
        self.seen.append("torn down")


@pytest.mark.parametrize("machine", [TornDown, TornDownAsync, TornDownAwaiting])
def test_a_teardown_of_its_own_may_be_async_and_need_not_call_the_base(
    run: Run, machine: type[TornDown | TornDownAsync]
) -> None:
    machine.seen.clear()
    run(machine)
    assert machine.seen.count("torn down") > 1
    assert {timekeeper_of(clock).run for clock in machine.clocks} == {None}  # each loop has ended


class CleansUp:
    """A mixin that knows nothing of machines."""

    seen: ClassVar[list[str]] = []

    def teardown(self) -> None:
        self.seen.append("torn down")


class CleansUpAsync:
    """One that does so in the event loop, by a method that has two names."""

    seen: ClassVar[list[str]] = []

    async def clean_up(self) -> None:
        await anyio.sleep(1)
        self.seen.append("torn down")

    teardown = clean_up


@pytest.mark.parametrize("mixin", [CleansUp, CleansUpAsync])
def test_a_teardown_may_be_that_of_a_mixin(run: Run, mixin: type[CleansUp | CleansUpAsync]) -> None:
    clocks: list[VirtualClock] = []

    class Sleeping(AsyncStateMachine):
        @rule()
        async def sleep(self) -> None:
            await anyio.sleep(1)
            clocks.append(self.clock)

    mixin.seen.clear()
    run(type("Mixed", (mixin, Sleeping), {}))
    assert mixin.seen.count("torn down") > 1
    assert {timekeeper_of(clock).run for clock in clocks} == {None}


class Base(AsyncStateMachine):
    log: ClassVar[list[str]] = []

    @rule()
    async def one(self) -> None:
        await anyio.sleep(1)
        self.log.append("one")

    async def teardown(self) -> None:  # type: ignore[override]
        await anyio.sleep(1)
        self.log.append("base ends")


@pytest.mark.parametrize("backend_", ["asyncio", "trio"])
def test_an_async_teardown_and_a_rule_may_await_those_of_another_class(backend_: str) -> None:
    class Derived(Base):
        backend: ClassVar[str] = backend_

        @rule()
        async def two(self) -> None:
            await self.one()
            await self.one()

        async def teardown(self) -> None:  # type: ignore[override]
            await super().teardown()
            self.log.append("ends")

    Base.log.clear()
    run_state_machine_as_test(Derived, settings=settings(max_examples=5, database=None))
    assert "one" in Base.log
    assert Base.log.count("base ends") == Base.log.count("ends") > 0


def test_an_argument_of_an_async_rule_is_not_called_goes_on() -> None:
    with pytest.raises(ValueError, match="An async rule cannot have an argument goes_on: "):

        @rule(goes_on=st.integers())
        async def step(self: AsyncStateMachine, goes_on: int) -> None: ...
