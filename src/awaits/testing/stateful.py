"""Hypothesis's state machines with async rules: in virtual time, in any order of their tasks.

The names are those of `hypothesis.stateful`; what is not async is passed on unchanged.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, cast

import anyio

from awaits.testing.clock import VirtualClock, timekeeper_of
from awaits.testing.deadlock import DeadlockError
from awaits.testing.loops.kept import fail_as_any_other, kept_event_loop
from awaits.testing.run import virtual_time
from awaits.testing.schedule import Schedule
from awaits.testing.strategy import schedules, without_hypothesis

try:
    from hypothesis import stateful
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise without_hypothesis(__name__) from None

if TYPE_CHECKING:
    from hypothesis.stateful import Bundle
    from hypothesis.strategies import SearchStrategy

    from awaits.testing.deviations import Late

__all__ = ["AsyncStateMachine", "initialize", "invariant", "rule"]

AsyncRule: TypeAlias = Callable[..., Coroutine[object, object, object]]
Decorator: TypeAlias = Callable[..., Callable[[object], object]]
F = TypeVar("F", bound=Callable[..., object])


def rule(
    *,
    target: "Bundle[object] | None" = None,
    targets: "Sequence[Bundle[object]]" = (),
    **arguments: "SearchStrategy[object]",
) -> Callable[[F], F]:
    """Do as `hypothesis.stateful.rule`, for async functions, too.

    Args:
        target: The bundle that takes what the rule returns; the rule is then waited for.
        targets: Several of them.
        arguments: What to draw for each argument.

    Raises:
        ValueError: An argument of an async function is called `goes_on`.
    """

    def decorate(function: F) -> F:
        goes_on: dict[str, SearchStrategy[object]] = {}
        if inspect.iscoroutinefunction(function) and target is None and not targets:
            if "goes_on" in arguments:
                raise ValueError(
                    "An async rule cannot have an argument goes_on: it is drawn for each, to tell "
                    "whether others begin before it ends; choose another name."
                )
            goes_on = {"goes_on": st.booleans()}
        return _decorated(
            cast("Decorator", stateful.rule), function, target, targets, {**arguments, **goes_on}
        )

    return decorate


def initialize(
    *,
    target: "Bundle[object] | None" = None,
    targets: "Sequence[Bundle[object]]" = (),
    **arguments: "SearchStrategy[object]",
) -> Callable[[F], F]:
    """Do as `hypothesis.stateful.initialize`, for async functions, too.

    Args:
        target: As for `rule`.
        targets: As for `rule`.
        arguments: As for `rule`.
    """

    def decorate(function: F) -> F:
        return _decorated(
            cast("Decorator", stateful.initialize), function, target, targets, arguments
        )

    return decorate


def invariant(*, check_during_init: bool = False) -> Callable[[F], F]:
    """Do as `hypothesis.stateful.invariant`, for async functions, too.

    Args:
        check_during_init: Whether it holds before all initializers have run.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def check(machine: AsyncStateMachine) -> object:
            __tracebackhide__ = True
            return _waited_for(machine, function(machine))

        decorator = stateful.invariant(check_during_init=check_during_init)
        return cast("F", decorator(cast("Callable[..., None]", check)))

    return decorate


def _decorated(
    decorator: Decorator,
    function: F,
    target: "Bundle[object] | None",
    targets: "Sequence[Bundle[object]]",
    arguments: "Mapping[str, SearchStrategy[object]]",
) -> F:
    given = {} if target is None else {"target": target}
    return cast("F", decorator(targets=targets, **given, **arguments)(_in_event_loop(function)))


def _in_event_loop(function: Callable[..., object]) -> Callable[..., object]:
    """Return what Hypothesis calls instead of an async function."""
    if not inspect.iscoroutinefunction(function):
        # A decorator that knows nothing of async functions may wrap one, such as `precondition`.
        @functools.wraps(function)
        def call_at_once(machine: AsyncStateMachine, /, **arguments: object) -> object:
            __tracebackhide__ = True
            return _waited_for(machine, function(machine, **arguments), begins=True)

        return call_at_once

    @functools.wraps(function)
    def call(
        machine: AsyncStateMachine, /, *, goes_on: bool = False, **arguments: object
    ) -> object:
        __tracebackhide__ = True
        bound = functools.partial(function, machine, **arguments)
        example = _example_of(machine)
        if example.is_in_call:  # another rule awaits this one
            return bound()
        if goes_on:
            example.begin_with_the_next(bound, function.__qualname__)
            return None
        return example.call(bound, begins=True)

    return call


def _waited_for(machine: "AsyncStateMachine", value: object, *, begins: bool = False) -> object:
    """Return a value; run a coroutine in the machine's event loop, and return its result."""
    __tracebackhide__ = True
    if not inspect.iscoroutine(value):
        return value

    async def wait() -> object:
        return await value

    return _example_of(machine).call(wait, begins=begins)


_SCHEDULES = schedules()  # made once: Hypothesis examines each strategy that it meets


@st.composite
def _schedules_of_rules_that_go_on(draw: st.DrawFn) -> Schedule:
    """Draw a schedule for all tasks except the first one, which waits for rules.

    So a failure remains when Hypothesis leaves out a rule that is waited for.
    """
    delays = cast("Mapping[tuple[int, int], Late]", draw(_SCHEDULES).delays)
    return Schedule({(task + 1, step): late for (task, step), late in delays.items()})


class _Nothing:
    """What one may await, and which is over at once."""

    def __await__(self) -> Iterator[None]:
        return iter(())


class AsyncStateMachine(stateful.RuleBasedStateMachine):
    """A `RuleBasedStateMachine` whose rules, initializers and invariants may be async.

    Each example has an event loop of its own, in virtual time. Hypothesis draws whether a rule goes
    on in a task of its own, which begins together with the next rule; a failure shows this as
    `goes_on=True`. It also draws a schedule of these tasks. Both shrink. A rule with a target is
    waited for. At the end of an example, all rules are waited for: one that waits for ever raises
    `DeadlockError`.

    It runs on `backend`; for another event loop, derive a class with another `backend`.

    Raises:
        ValueError: There is no such backend, it is not installed, it cannot be steered, or the kit
            does not fit its version.
    """

    backend: ClassVar[str] = "asyncio"
    """The event loop: `asyncio` or `trio`."""

    def __init_subclass__(cls) -> None:
        """Make the event loop end after a `teardown`, also a mixin's, which may be async."""
        super().__init_subclass__()
        own = cast("Callable[[AsyncStateMachine], object]", cls.teardown)

        @functools.wraps(own)
        def teardown(self: AsyncStateMachine) -> object:
            if self._awaits_example.is_in_call:  # a derived class's own `teardown` awaits this one
                return own(self)
            try:
                _waited_for(self, own(self))
            finally:
                self._awaits_example.end()
            return None

        setattr(cls, AsyncStateMachine.teardown.__name__, teardown)

    def __init__(self) -> None:
        super().__init__()
        self.clock: VirtualClock = VirtualClock()
        """Its clock, in seconds since the example began."""
        # Users' rules and attributes have names of their own, so this is the only other one.
        self._awaits_example: _Example = _Example(self.backend, self.clock)

    @stateful.initialize(schedule=_schedules_of_rules_that_go_on())
    def in_order(self, schedule: Schedule) -> None:
        """Steer the order of the tasks of this example."""
        self._awaits_example.steer(schedule)

    def teardown(self) -> Any:  # noqa: ANN401 one of a derived class is async, or it is not
        """Wait for the rules that go on, and end the event loop.

        A derived class may have an async one: the event loop ends after it. mypy compares that one
        with Hypothesis's, and needs `# type: ignore[override]` there.

        Returns:
            What an async one may await.
        """
        if not self._awaits_example.is_in_call:  # after an async `teardown`, the end follows
            self._awaits_example.end()
        return _Nothing()


def _example_of(machine: AsyncStateMachine) -> "_Example":
    return machine._awaits_example  # pyright: ignore[reportPrivateUsage]


class _Example:
    """The event loop of an example, and the rules that go on in it.

    Args:
        backend: `asyncio` or `trio`.
        clock: Its clock.
    """

    def __init__(self, backend: str, clock: VirtualClock) -> None:
        self.is_in_call = False
        self._clock = clock
        self._has_ended = False
        self._errors: list[BaseException] = []
        self._failed = False
        self._pending: list[tuple[AsyncRule, str]] = []  # the rules that are to go on
        self._running: list[anyio.Event] = []  # of the rules that go on: set when one is over
        self._schedule: Schedule | None = None
        self._runner = kept_event_loop(backend, virtual_time(backend, clock))
        self._tasks: anyio.abc.TaskGroup  # while the example runs
        self._life = iter(self._runner.run_asyncgen_fixture(self._live, {}))
        next(self._life)

    def steer(self, schedule: Schedule) -> None:
        """Let a schedule say in which order the tasks run."""

        async def open_it() -> None:  # noqa: ASYNC124 a fixture's body
            self._schedule = schedule.__enter__()

        self._runner.run_fixture(open_it, {})

    def begin_with_the_next(self, function: AsyncRule, name: str) -> None:
        """Begin a rule in a task of its own, together with the next rule that is waited for.

        Args:
            function: The rule with its arguments.
            name: The name of the task.
        """
        self._pending.append((function, name))

    def call(self, function: AsyncRule, *, begins: bool = False) -> object:
        """Run an async function in the event loop; raise what has failed there.

        Args:
            function: A rule with its arguments, or an invariant.
            begins: Whether the rules that go on begin with it.

        Returns:
            What it returns.
        """
        __tracebackhide__ = True

        async def step() -> object:
            run = timekeeper_of(self._clock).run
            assert run is not None  # noqa: S101 the event loop is there
            with run.main_task():
                if begins and self._pending:
                    for pending, name in self._pending:
                        self._begin(pending, name)
                    self._pending.clear()
                    await anyio.lowlevel.checkpoint()
                return await _run(function)

        self._failed = self.is_in_call = True
        try:
            value = self._runner.run_fixture(step, {})
        except DeadlockError:
            if self._errors:  # such an error is the reason
                raise self._errors[0] from None
            raise
        finally:
            self.is_in_call = False
        if self._errors:
            raise self._errors[0]
        self._failed = False
        return value

    def end(self) -> None:
        """Wait for the rules that go on, and end the event loop."""
        if self._has_ended:
            return
        self._has_ended = True
        try:
            if not self._failed:
                self.call(self._wait_for_all, begins=True)
        finally:
            with self._runner:
                next(self._life, None)

    async def _live(self) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as self._tasks:
            yield  # noqa: ASYNC101, ASYNC119 closed by the task that began it
            self._tasks.cancel_scope.cancel()  # what is left after a failure
        if self._schedule is not None:
            self._schedule.__exit__(None, None, None)

    def _begin(self, function: AsyncRule, name: str) -> None:
        ended = anyio.Event()

        async def run() -> None:
            try:
                await _run(function)
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as error:  # noqa: BLE001 it is raised where Hypothesis sees it
                self._errors.append(error)
            finally:
                ended.set()

        self._running.append(ended)
        self._tasks.start_soon(run, name=name)

    async def _wait_for_all(self) -> None:
        for ended in self._running:
            await ended.wait()


async def _run(function: AsyncRule) -> object:
    __tracebackhide__ = True
    try:
        return await function()
    except BaseException as error:
        fail_as_any_other(error)
        raise
