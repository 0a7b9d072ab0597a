"""Chooses which orders of a test are tried."""

import itertools
import math
import random
from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast

from awaits.testing.deadlock import Line
from awaits.testing.deviations import Cancel, Late
from awaits.testing.every import (
    DelayDict,
    EverySchedule,
    Run,
    cancellable,
    cancelled_again,
    steps_of,
)
from awaits.testing.loops.delays import Choice, Delays
from awaits.testing.loops.orders import Order, Recorded
from awaits.testing.loops.places import Places, Stack
from awaits.testing.mixture import MIXTURE, Draw, Seen, StepKey
from awaits.testing.schedule import Schedule, order_of, steer

if TYPE_CHECKING:
    from awaits.testing.loops.play import Play

FEW_ORDERS = 50  # a test that seems to have no more of them is tried in all
FIRST_ORDERS = 50  # every second one of these is simple, and every third one after them


class Trial:
    """One run of a test in an order of its tasks: open it around the test's body.

    Args:
        order: Decides what comes next.
        schedule: The same order as a schedule, if it was given as one.
    """

    def __init__(self, order: Order, schedule: Schedule | None = None) -> None:
        self.ran: tuple[int, ...] = ()
        """The number of the task of each step, in the order in which they ran."""
        self.contended: list[tuple[int, int]] = []
        """The tasks and steps of a schedule that ran while others were ready or delayed."""
        self.opener: int = 0
        """The number of the task in which it was opened; 0 if that task took no step meanwhile."""
        self.is_native: bool = False
        """Whether the event loop has a `Task.cancel()`, as asyncio has."""
        self.stacks: list[tuple[Line, ...]] | None = None
        """Where each step began; noted only if this is set to a list before the run."""
        self.of_libraries: set[int] = set()
        """The tasks that a library has begun to run something of the user's."""
        self.is_in_real_time: bool = False
        """Whether it ran in real time, where no step is late."""
        self.seconds: float = 0.0
        """How much virtual time there was."""
        self.has_raised: bool = False
        """Whether the test has ended in the error of a task that this has cancelled."""
        self.deviated: bool = False
        """Whether a schedule has delayed or cancelled anything."""
        self._order = order
        self._schedule = schedule
        self._play: Play[object, object] | None = None

    def __enter__(self) -> Self:
        self._play = steer(self._order)
        self._play.gives_way = True  # to a schedule that the test opens itself
        self._play.stacks = self.stacks
        if self._schedule is None:  # one that is drawn: nothing is varied in it
            self._play.contended = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        play, self._play = cast("Play[object, object]", self._play), None
        play.close()
        self.ran, self.contended = tuple(play.ran), play.contended or []
        self.opener, self.is_native = play.opener, play.is_native
        self.of_libraries, self.is_in_real_time = play.of_libraries, play.is_in_real_time
        self.seconds = play.time() or 0.0
        events = self._order.events
        self.deviated = bool(
            play.cancellations
            or any(it.n_ahead or it.n_callbacks for it in events)
            or (events and self.schedule.jitter)  # one may be late, and no other goes ahead
        )
        if play.error is not None:
            raise play.error
        self.has_raised = play.has_raised(error)

    @property
    def choices(self) -> list[Choice]:
        """What else could have run at each step, if `choosing` asked for it."""
        order = self._order
        return (order.choices or []) if isinstance(order, Delays) else []

    @property
    def schedule(self) -> Schedule:
        """The order of the run, as a schedule that replays it."""
        if self._schedule is not None:
            return self._schedule
        order = cast("Recorded", self._order)
        cancel = cast("Cancel | None", order.cancel)
        return Schedule(order.delays, jitter=order.jitter, cancel=cancel, native=order.native)


def trial_of(schedule: Schedule) -> Trial:
    """Return a run in a given order."""
    return Trial(order_of(schedule, tells=False), schedule)


class Explorer:
    """Chooses the orders in which a test is tried: the same ones each time.

    A test that has few enough is tried in all its orders, unless steps may be late or tasks are
    cancelled. Of the others, some orders are simple, because these find most bugs: each step
    delayed until nothing else can run, and by one step; all steps delayed that begin at one line; a
    task that runs ahead of all others to a line; each task cancelled at each of its awaits. They
    alternate with orders that are drawn from a mixture. When there are no more simple ones, all are
    drawn.

    Args:
        seed: What the draws depend on, such as the test's name.
        jitter: As for `Schedule`.
        cancel: Whether to cancel tasks, too: at each of its awaits, and in at least half of
            the drawn orders one task at one await.
    """

    def __init__(self, seed: str, *, jitter: float = 0.0, cancel: bool = False) -> None:
        self._seed = seed
        self._jitter = jitter
        self._cancels = cancel
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all runs."""
        self.n_orders: int = 0
        self.is_in_real_time: bool = False
        self.deviated: bool = False  # whether any schedule has delayed or cancelled anything
        self.has_slept: bool = False  # whether virtual time has moved
        self.all: EverySchedule | None = None  # the last search for every order
        self._distinct: set[int] = set()
        self._seen = Seen(jitter=self._jitter)
        self._is_native = False
        self._ran_first: tuple[int, ...] = ()
        self._started: set[int] = set()  # the tasks of the first run, without the test's own
        self._cancellable: list[StepKey] = []  # of the first run
        self._pairs: list[Schedule] = []  # a cancellation, and a delay in the clean-up after it

    @property
    def n_distinct(self) -> int:
        """How many different orders of the tasks' steps there were."""
        return len(self._distinct)

    def trials(self, n_orders: int) -> Iterator[Trial]:
        """Yield a trial for each run, to open around the test's body.

        Args:
            n_orders: How many runs there may be. There are fewer where there are fewer orders.
        """
        every = EverySchedule("all", most=max(1, n_orders // 2))
        all_trials = every.runs(trial_of)
        first = next(all_trials)
        first.stacks = []
        yield first
        self.note(first)
        self._look_at(first)
        idle = self._each_delayed("idle")
        n_all = _about_how_many(first.choices)
        if n_all <= FEW_ORDERS and not (self._jitter or self._cancels):
            # The first are easy to read, if they fail. The others end where there are many more.
            few = itertools.chain(idle, itertools.islice(all_trials, 3 * n_all))
            for one in itertools.islice(few, n_orders - 1):
                yield one
                self.note(one)
            if every.is_complete:
                self.all = every
                return
        if not (self._seen.steps or self._cancellable):
            return
        simple = self._simple(idle)
        draws = itertools.cycle(MIXTURE)
        for number in range(self.n_orders, n_orders):
            trial = None
            if number % (2 if number < FIRST_ORDERS else 3) == 1:
                trial = next(simple, None)
            if trial is None:
                # What a shell gives in another encoding has surrogates, which cannot be encoded.
                seed = f"{self._seed} {number}".encode(errors="surrogateescape")
                trial = self.drawn(next(draws), random.Random(seed))
            yield trial
            self.note(trial)

    def every(self, deviations: int | Literal["all"], most: int | None = None) -> Iterator[Trial]:
        """Yield a trial for every order with at most so many deviations."""
        self.all = EverySchedule(deviations, cancel=self._cancels, jitter=self._jitter, most=most)
        for trial in self.all.runs(trial_of):
            yield trial
            self.note(trial)

    def note(self, trial: Run) -> None:
        """Count a run, and learn how long it was."""
        self.n_orders += 1
        self._distinct.add(hash(trial.ran))
        self._seen.n_steps = max(self._seen.n_steps, len(trial.ran))
        if isinstance(trial, Trial):
            self.is_in_real_time = trial.is_in_real_time
            self.deviated = self.deviated or trial.deviated
            self.has_slept = self.has_slept or trial.seconds > 0

    def _look_at(self, first: Trial) -> None:
        """Learn from the first run what there is to delay and to cancel."""
        steps = steps_of(first.ran)
        self._ran_first = first.ran
        self._is_native = first.is_native
        self._seen.steps = steps if self._jitter else first.contended
        self._seen.look_at(steps, first.stacks or [])
        self._started = {task for task, _ in steps} - {first.opener}
        if self._cancels:
            self._cancellable = cancellable(first)

    # Simple orders.

    def _simple(self, idle: Iterator[Trial]) -> Iterator[Trial]:
        streams = [idle, self._each_place(), self._each_ahead()]
        if self._cancels:
            streams.insert(0, self._each_cancelled())
        yield from _by_turns(streams)
        yield from self._each_delayed(1)

    def _schedule(
        self, delays: DelayDict, cancel: Cancel | None = None, *, native: bool = False
    ) -> Schedule:
        return Schedule(delays, jitter=self._jitter, cancel=cancel, native=native)

    def _delayed(
        self, delays: DelayDict, cancel: Cancel | None = None, *, native: bool = False
    ) -> Trial:
        return trial_of(self._schedule(delays, cancel, native=native))

    def _each_place(self) -> Iterator[Trial]:
        for line in list(self._seen.lines):
            seen: dict[Line, None] = {}
            yield Trial(Places(partial(_is_at, line, seen), jitter=self._jitter))
            for it in seen:
                self._seen.lines.setdefault(it, set())

    def _each_ahead(self) -> Iterator[Trial]:
        came, tried = self._seen.came, set[frozenset[StepKey]]()
        for steps in [came[it] for it in self._seen.lines if it in came]:
            for ahead in (frozenset(steps[:1]), frozenset(steps)):
                n_steps = sum(step - 1 for _, step in ahead)
                late = self._started - {task for task, _ in ahead}
                if late and n_steps and ahead not in tried:
                    tried.add(ahead)
                    others: DelayDict = {(it, 1): n_steps for it in late}
                    yield self._delayed({**others, **dict.fromkeys(ahead, "idle")})

    def _each_delayed(self, late: Late) -> Iterator[Trial]:
        for step in self._seen.steps:
            trial = self._delayed({step: late})
            yield trial
            for at in self._waiting(trial.ran)[:2]:
                yield self._delayed({step: late}, at)

    def _each_cancelled(self) -> Iterator[Trial]:
        for native in [False, True][: 1 + self._is_native]:
            for at in self._cancellable:
                trial = self._delayed({}, at, native=native)
                yield trial
                for twice in cancelled_again(trial, at):
                    slow: DelayDict = {(twice[0], twice[2]): "idle"}  # while it cleans up
                    self._pairs.append(self._schedule(slow, at, native=native))
                    if native:
                        yield self._delayed({}, twice, native=True)

    def _waiting(self, ran: tuple[int, ...]) -> list[StepKey]:
        """Return the steps that waited longer than in the first run, the longest wait first."""
        if not self._cancellable:
            return []
        before, now = _waits(self._ran_first), _waits(ran)
        longer = {step: now[step] - before.get(step, 0) for step in now}
        steps = [it for it in self._cancellable if longer.get(it, 0) > 2]
        return sorted(steps, key=lambda it: -longer[it])

    # Drawn ones.

    def drawn(self, draw: Draw, rng: random.Random) -> Trial:
        """Draw an order, and for at least half of them a cancellation."""
        if self._pairs and rng.random() < 0.25:
            return trial_of(rng.choice(self._pairs))
        drawn = draw(self._seen, rng)
        cancel: Cancel | None = None
        native = False
        if self._cancellable and rng.random() < 0.5:
            cancel = rng.choice(self._cancellable)
            native = self._is_native and rng.random() < 0.5
        if isinstance(drawn, Schedule):
            return self._delayed(cast("DelayDict", drawn.delays), cancel, native=native)
        drawn.cancel, drawn.native = cancel, native
        return Trial(drawn)


def _about_how_many(choices: list[Choice]) -> int:
    """Return how many orders there were if each had the choices of one: a guess (Knuth, 1975)."""
    return math.prod(len(it.ready) + it.has_callbacks for it in choices)


def _is_at(line: Line, seen: dict[Line, None], _task: int, _step: int, stack: Stack) -> bool:
    """Tell whether a task stands at a line, and note where it stands."""
    lines = stack()
    seen.update(dict.fromkeys(lines))
    return line in lines


def _by_turns(streams: list[Iterator[Trial]]) -> Iterator[Trial]:
    streams = streams.copy()
    while streams:
        for stream in streams.copy():
            trial = next(stream, None)
            if trial is None:
                streams.remove(stream)
            else:
                yield trial


def _waits(ran: tuple[int, ...]) -> dict[StepKey, int]:
    """Return how many steps ran between each step and the one before it of the same task."""
    last: dict[int, int] = {}
    waits: dict[StepKey, int] = {}
    for number, step in enumerate(steps_of(ran)):
        waits[step] = number - last.get(step[0], number)
        last[step[0]] = number
    return waits
