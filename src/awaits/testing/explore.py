"""Many orders of one test: which are tried."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, cast

from awaits.testing.deviations import Late
from awaits.testing.every import DelayDict, EverySchedule, Run, steps_of
from awaits.testing.loops.play import Order, Play
from awaits.testing.loops.priorities import Priorities, Priority
from awaits.testing.schedule import Schedule, order_of, steer

LONGEST = 4_096  # for how many steps of others a drawn delay lasts, at most
MOST_CHANGES = 4  # of priorities, in one order


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

    First come single delays, because one is enough for most bugs: each step delayed until nothing
    else can run, and by one step. Every other order, and all of them when there are no more single
    delays, is drawn from a mixture: priorities that change a few times (PCT), a priority for each
    step (POS), a few delays that may be long, and tasks that are slow in all their steps.

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
        self.all: EverySchedule | None = None  # the last search for every order
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
        first = Trial(order_of(Schedule(), tells=False), Schedule())
        yield first
        self.note(first)
        steps = steps_of(first.ran)
        self._steps = steps if self._jitter else first.contended
        if self._cancels:
            self._cancellable = [it for it in steps if it[0] != first.opener and it[1] > 1]
        if not (self._steps or self._cancellable):
            return
        singles = self._singles()
        draws = itertools.cycle(MIXTURE)
        for number in range(1, n_orders):
            trial = None
            if number % (2 if number < 2 * len(self._steps) else 4) == 1:
                trial = next(singles, None)
            if trial is None:
                draw = next(draws)
                trial = draw(self, random.Random(f"{self._seed} {number}"))
            yield trial
            self.note(trial)

    def every(self, deviations: int) -> Iterator[Trial]:
        """Yield what to open for each run: every order with so many deviations at most."""
        self.all = EverySchedule(deviations, cancel=self._cancels, jitter=self._jitter)
        for trial in self.all.runs(lambda it: Trial(order_of(it, tells=False), it)):
            yield trial
            self.note(trial)

    def note(self, trial: Run) -> None:
        """Count a run, and learn how long it was."""
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
        return Trial(order_of(schedule, tells=False), schedule)

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
