"""Many orders of one test: which are tried, and how a failing one is made small."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast

from awaits.testing.loops.delays import Delays
from awaits.testing.loops.play import Order, Play
from awaits.testing.loops.priorities import Priorities, Priority
from awaits.testing.schedule import Late, Schedule, order_of, steer

LONGEST = 4_096  # for how many steps of others a drawn delay lasts, at most
MOST_CHANGES = 4  # of priorities, in one order

DelayDict = dict[tuple[int, int | Literal["every"]], Late]


class Trial:
    """One run of a test in an order of its tasks: open it around the test's body.

    Args:
        order: What comes next.
        schedule: The same as a schedule, if it is one.
    """

    def __init__(self, order: Order, schedule: Schedule | None = None) -> None:
        self.ran: tuple[int, ...] = ()
        """The number of the task of each step, in the order in which they ran."""
        self.contended: list[tuple[int, int]] = []
        """The tasks and steps beside which others were ready."""
        self.opener: int = 0
        """The number of the task in which it was opened; 0 if it took no step meanwhile."""
        self._order = order
        self._schedule = schedule
        self._play: Play[Any, Any] | None = None

    def __enter__(self) -> Self:
        self._play = steer(self._order)
        self._play.gives_way = True  # to a schedule that the test opens itself
        self._play.contended = self.contended
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        play, self._play = cast("Play[Any, Any]", self._play), None
        play.close()
        self.ran = tuple(play.ran)
        self.opener = play.opener
        if play.error is not None:
            raise play.error

    @property
    def schedule(self) -> Schedule:
        """The order of the run, as a schedule that replays it."""
        if self._schedule is not None:
            return self._schedule
        return Schedule(cast("Priorities", self._order).delays, cancel=self._order.cancel)


class Explorer:
    """Chooses the orders in which a test is tried: the same ones each time.

    First come the deviations of which one is enough for most bugs: each step delayed until nothing
    else can run, and by one step. By turns with them, and when there are no more, it draws from a
    mixture: priorities that change a few times (PCT), a priority for each step (POS), a few delays
    that may be long, and tasks that are slow in all their steps.

    Args:
        seed: What the draws depend on, such as the test's name.
        jitter: As for `Schedule`.
        cancel: Whether tasks are cancelled, too: each at each of its awaits, and in half of the
            other orders one somewhere.
    """

    def __init__(self, seed: str, *, jitter: float = 0.0, cancel: bool = False) -> None:
        self.n_orders: int = 0
        self._seed = seed
        self._jitter = jitter
        self._distinct: set[int] = set()
        self._n_steps = 1  # of all tasks, at most
        self._steps: list[tuple[int, int]] = []  # whose delay makes a difference, in the first run
        self._cancels = cancel
        self._cancellable: list[tuple[int, int]] = []  # the tasks and steps of the first run

    @property
    def n_distinct(self) -> int:
        """How many of the orders differed in which task took which step."""
        return len(self._distinct)

    def trials(self, n_orders: int) -> Iterator[Trial]:
        """Yield what to open around the test's body, for each run.

        Args:
            n_orders: How many runs there may be. There are fewer where there is only one order.
        """
        first = Trial(Delays(lambda _task, _step: 0), Schedule())
        yield first
        self.note(first)
        steps = _steps_of(first)
        self._steps = steps if self._jitter else first.contended
        if self._cancels:
            self._cancellable = [it for it in steps if it[0] != first.opener and it[1] > 1]
        if not (self._steps or self._cancellable):
            return
        singles = self._singles()
        draws = itertools.cycle(MIXTURE)
        for number in range(1, n_orders):
            trial = next(singles, None) if number % 2 else None
            if trial is None:
                draw = next(draws)
                trial = draw(self, random.Random(f"{self._seed} {number}"))
            yield trial
            self.note(trial)

    def note(self, trial: Trial) -> None:
        """Count a run that has ended; `trials` does so itself when it is asked for the next."""
        self.n_orders += 1
        self._distinct.add(hash(trial.ran))
        self._n_steps = max(self._n_steps, len(trial.ran))

    def _singles(self) -> Iterator[Trial]:
        for key in self._cancellable:
            yield self._delaying({}, key)
        lates: tuple[Late, ...] = "idle", 1
        for late in lates:
            for key in self._steps:
                yield self._delaying({key: late}, None)

    def _delaying(self, delays: DelayDict, cancel: tuple[int, int] | None) -> Trial:
        schedule = Schedule(delays, jitter=self._jitter, cancel=cancel)
        return Trial(order_of(schedule), schedule)

    def _prioritised(self, priority: Priority, rng: random.Random) -> Trial:
        order = Priorities(priority)
        order.cancel = self._cancel(rng)
        return Trial(order)

    def _cancel(self, rng: random.Random) -> tuple[int, int] | None:
        if self._cancellable and rng.random() < 0.5:
            return rng.choice(self._cancellable)
        return None

    # The mixture.

    def few_delays(self, rng: random.Random) -> Trial:
        """Delay one to four steps, of those that the first run showed, short or long."""
        n_delays = min(rng.randint(1, 4), len(self._steps))
        keys = rng.sample(self._steps, n_delays)
        return self._delaying({key: self._length(rng) for key in keys}, self._cancel(rng))

    def slow_tasks(self, rng: random.Random) -> Trial:
        """Delay each step of a task or two."""
        tasks = sorted({task for task, _ in self._steps})
        slow = rng.sample(tasks, min(rng.randint(1, 2), len(tasks)))
        return self._delaying(
            {(task, "every"): self._length(rng) for task in slow}, self._cancel(rng)
        )

    def _length(self, rng: random.Random) -> Late:
        """Draw how long a delay is: of any order of magnitude, up to the length of the runs."""
        if rng.random() < 0.25:
            return "idle"
        return int(min(self._n_steps, LONGEST) ** rng.random())

    def changing_priorities(self, rng: random.Random) -> Trial:
        """Give each task a priority, and change one to the worst a few times."""
        n_changes = min(rng.randint(0, MOST_CHANGES - 1), self._n_steps)
        changes = rng.sample(range(self._n_steps), n_changes)
        return self._prioritised(_ChangingPriorities(rng, changes), rng)

    def random_priorities(self, rng: random.Random) -> Trial:
        """Give each step a priority."""
        return self._prioritised(_RandomPriorities(rng), rng)


MIXTURE: Sequence[Callable[[Explorer, random.Random], Trial]] = (
    Explorer.few_delays,
    Explorer.changing_priorities,
    Explorer.random_priorities,
    Explorer.few_delays,
    Explorer.changing_priorities,
    Explorer.slow_tasks,
)


class _ChangingPriorities:
    """Probabilistic concurrency testing (PCT): Burckhardt et al., ASPLOS 2010.

    Where a bug needs d orderings, an order with d - 1 changes meets it with a probability of at
    least 1 / (n * k ** (d - 1)), for n tasks and k steps.
    """

    def __init__(self, rng: random.Random, changes: Sequence[int]) -> None:
        self._rng = rng
        self._changes = dict(zip(changes, range(1, len(changes) + 1), strict=True))
        self._priorities: dict[int, float] = {}

    def of(self, task: int, step: int) -> float:  # noqa: ARG002 a protocol's
        """Return the priority of a task, which it has drawn when it came first."""
        priority = self._priorities.get(task)
        if priority is None:
            priority = self._priorities[task] = self._rng.random()
        return priority

    def ran(self, task: int, n_steps: int) -> None:
        """Give a task the worst priority at the steps that were drawn for it."""
        if n_steps in self._changes:
            self._priorities[task] = float(self._changes[n_steps])


class _RandomPriorities:
    """Partial order sampling (POS): Yuan et al., CAV 2018, without looking at what steps touch."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def of(self, task: int, step: int) -> float:  # noqa: ARG002 a protocol's
        """Draw a priority."""
        return self._rng.random()

    def ran(self, task: int, n_steps: int) -> None:
        """Keep everything as it is."""


def _steps_of(trial: Trial) -> list[tuple[int, int]]:
    """Return the tasks and steps of a run, in their order."""
    n_steps: dict[int, int] = {}
    steps: list[tuple[int, int]] = []
    for task in trial.ran:
        n_steps[task] = n_steps.get(task, 0) + 1
        steps.append((task, n_steps[task]))
    return steps


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool], *, most: int = 200) -> Schedule:
    """Return a schedule with fewer and shorter delays that still fails.

    Delta debugging (Zeller and Hildebrandt, 2002) over the delays, then over their lengths.

    Args:
        schedule: One that fails, whose delays are a mapping.
        fails: Tells whether a schedule fails; it runs the test.
        most: How often it may be asked.
    """
    n_asked = 0
    cancel = schedule.cancel

    def still_fails(delays: DelayDict) -> bool:
        nonlocal n_asked
        n_asked += 1
        return n_asked <= most and fails(Schedule(delays, jitter=schedule.jitter, cancel=cancel))

    delays = dict(cast("DelayDict", schedule.delays))
    if cancel is not None:
        cancel = None
        if not still_fails(delays):
            cancel = schedule.cancel
    delays = _fewest(delays, still_fails)
    delays = _as_slow_tasks(delays, still_fails)
    for key, late in list(delays.items()):
        for shorter in _shorter(late):
            if still_fails({**delays, key: shorter}):
                delays[key] = shorter
                break
    return Schedule(delays, jitter=schedule.jitter, cancel=cancel)


def _as_slow_tasks(delays: DelayDict, still_fails: Callable[[DelayDict], bool]) -> DelayDict:
    """Say several delays of one task in one, if that still fails: a long one, or all its steps."""
    for task in sorted({task for task, _ in delays}):
        own = [key for key in delays if key[0] == task]
        if len(own) < 2:
            continue
        others = {key: late for key, late in delays.items() if key[0] != task}
        first = min(step for _, step in own if step != "every")
        total = sum(late for key in own if isinstance(late := delays[key], int))
        words: list[DelayDict] = [{(task, "every"): "idle"}, {(task, first): "idle"}]
        words += [{(task, first): total}] if total else []
        words += [{(task, "every"): length} for length in (1, 2, 4, 6, 8)]
        for word in words:
            if still_fails(others | word):
                delays = others | word
                break
    return delays


def _fewest(delays: DelayDict, still_fails: Callable[[DelayDict], bool]) -> DelayDict:
    n_parts = 2
    while delays:
        keys = list(delays)
        size = -(-len(keys) // n_parts)
        for start in range(0, len(keys), size):
            fewer = {key: delays[key] for key in keys[:start] + keys[start + size :]}
            if still_fails(fewer):
                delays, n_parts = fewer, max(n_parts - 1, 2)
                break
        else:
            if size == 1:
                break
            n_parts = min(len(keys), n_parts * 2)
    return delays


def _shorter(late: Late) -> Iterator[Late]:
    """Yield what is simpler than a delay: one step, then until nothing else can run, then less."""
    if late in (1, "idle"):
        yield from (() if late == 1 else (1,))
        return
    yield 1
    yield "idle"
    length = cast("int", late)
    yield from (length // 8, length // 4, length // 2) if length > 8 else range(2, length)
