"""Every order of one test, up to a bound, instead of a sample of them."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol, TypeVar, cast

from awaits.testing.deadlock import Line
from awaits.testing.deviations import Late, checked_jitter
from awaits.testing.loops.delays import Choice
from awaits.testing.report import counted
from awaits.testing.schedule import Schedule, choosing

LATES: tuple[Late, ...] = "idle", 1

MOST_STEPS_OF_CLEAN_UP = 3  # at how many steps a second cancellation is tried

DelayDict = dict[tuple[int, int | Literal["every"]], Late]


class Run(Protocol):
    """One run of a test in an order of its tasks, and what it showed."""

    ran: tuple[int, ...]
    contended: list[tuple[int, int]]
    opener: int
    is_native: bool
    stacks: list[tuple[Line, ...]] | None
    """Where each step began; noted only if this is set to a list before the run."""
    of_libraries: set[int]
    """The tasks that a library has begun to run something of the user's."""

    @property
    def choices(self) -> list[Choice]:
        """What else could have run."""
        ...


R = TypeVar("R", bound=Run)


class _Branch(NamedTuple):
    """An order that is the same as that of a run up to some step, and differs from there on."""

    ran: tuple[int, ...]  # of that run
    delays: DelayDict  # of that run
    overtaken: tuple[tuple[int, int, int], ...]  # as in `Choice.ready`
    n_steps: int  # how many steps all tasks had taken
    chooses_from: int  # from which step on to note what else could run

    def longer(self) -> DelayDict:
        """Return the delays of this order."""
        delays = self.delays.copy()
        for task, step, since in self.overtaken:
            delays[task, step] = 1 if since < 0 else self.n_steps - since + 1
        return delays


class _Longer(NamedTuple):
    """The delays of a run and one more, so that its first steps are the same."""

    ran: tuple[int, ...]
    n_steps: int  # how many are the same
    delays: DelayDict


class EverySchedule:
    """Yields every schedule with at most so many deviations, those with the fewest first.

    Args:
        deviations: How many steps may be delayed: each until nothing else can run, or by one step.
            Or `"all"`: every order in which, at each step, any task that is ready goes on, or any
            task that a waiting callback of the event loop would wake.
        cancel: Whether to repeat each of these orders with each cancellation: of each task that is
            started meanwhile, at each of its awaits. On asyncio, each cancellation comes from a
            cancel scope and as `native`; the latter comes again with a second one at each of the
            next three awaits.
        jitter: As for `Schedule`.
        most: How many schedules there may be.

    Attributes:
        n: How many schedules were yielded, and passed.
        n_orders: In how many different orders the tasks took their steps.
        is_repeatable: Whether the tasks took the same steps wherever the order was the same.
        is_complete: Whether no more schedules are left, and the tasks took the same steps wherever
            the order was the same. Otherwise, what the next schedules are made from is not known.

    Raises:
        ValueError: `deviations` is neither a whole number of at least 0 nor `"all"`, `cancel` is
            not a bool, `jitter` is negative, infinite or no number, or `most` is less than 1.
    """

    def __init__(
        self,
        deviations: int | Literal["all"] = 1,
        *,
        cancel: bool = False,
        jitter: float = 0.0,
        most: int | None = None,
    ) -> None:
        is_number = isinstance(deviations, int) and not isinstance(deviations, bool)
        if deviations != "all" and not (is_number and deviations >= 0):
            raise ValueError(
                f"deviations must be a whole number of at least 0, or 'all', not {deviations!r}."
            )
        _check(cancel, most)
        self.n: int = 0
        self.is_repeatable: bool = True
        self._has_ended = False
        self._deviations: int | Literal["all"] = deviations
        self._cancel = cancel
        self._jitter = checked_jitter(jitter)
        self._most = most
        self._seen: set[int] = set()  # the orders, by their hashes
        self._loop: object = None  # tells the loop that began last from others

    @property
    def n_orders(self) -> int:
        """In how many orders the tasks took their steps."""
        return len(self._seen)

    @property
    def is_complete(self) -> bool:
        """Whether all schedules have passed."""
        return self._has_ended and self.is_repeatable

    def __iter__(self) -> Iterator[Schedule]:
        """Yield schedules. Open each around the code under test before you ask for the next."""
        self.n, self.is_repeatable, self._has_ended = 0, True, False
        self._seen.clear()
        loop = self._loop = object()
        for schedule in self.runs(lambda schedule: schedule):
            yield schedule
            if self._loop is not loop:  # it counts its own schedules now
                raise RuntimeError(
                    "Another loop over this every_schedule has begun before this one has ended; "
                    "make one for each loop."
                )
            if not schedule.has_been_open:
                raise RuntimeError(
                    "Open each schedule around the code under test before the next is asked for: "
                    "with schedule: ..."
                )

    def __str__(self) -> str:
        n, what, bound = self.n, "schedule", ""
        if self._deviations != "all":
            bound = f" with at most {counted(self._deviations, 'deviation')}"
        elif self._cancel:
            bound = f" of {counted(self.n_orders, 'order')}"
        else:
            n, what = self.n_orders, "order"
        those = counted(n, what)
        if self.is_complete:
            those = f"the only {what}" if n == 1 else f"all {those}"
            return f"{those}{bound} passed"
        if not self.is_repeatable:
            return (
                f"{those}{bound} passed, which may not be all: the tasks took other steps though "
                "the order was the same; seed what is random, and let each run begin with new "
                "objects"
            )
        return f"{those}{bound} passed, and there are more"

    def runs(self, make: Callable[[Schedule], R]) -> Iterator[R]:
        """Yield what `make` returns for each schedule; it must know later what its run showed."""
        runs = self._chosen(make) if self._deviations == "all" else self._delayed(make)
        for run in runs:
            if self.n == self._most:
                return
            yield run
            self.n += 1

    def _delayed(self, make: Callable[[Schedule], R]) -> Iterator[R]:
        level: deque[_Longer] = deque([_Longer((), 0, {})])
        most = cast("int", self._deviations)
        for n_delays in range(most + 1):
            following: deque[_Longer] = deque()
            while level:
                ran, n_steps, delays = level.popleft()
                run = make(Schedule(delays, jitter=self._jitter))
                run.stacks = [] if self._cancel else None
                yield run
                self._compare(run, ran, n_steps)
                if self._is_new(run):
                    yield from self._cancelling(run, delays, make)
                    if n_delays < most:
                        following.extend(self._longer(run, delays, n_steps))
            if not following:
                break
            level = following
        self._has_ended = True

    def _chosen(self, make: Callable[[Schedule], R]) -> Iterator[R]:
        """Yield each order as a series of choices, the orders with the fewest choices first.

        To choose a step is to delay all steps that would run before it, until it has run.
        """
        branches: deque[_Branch] = deque([_Branch((), {}, (), 0, 0)])
        has_ended = True
        while branches:
            branch = branches.popleft()
            delays = branch.longer()
            run = make(choosing(Schedule(delays, jitter=self._jitter), branch.chooses_from))
            run.stacks = [] if self._cancel else None
            yield run
            self._compare(run, branch.ran, branch.n_steps)
            if not self._is_new(run):
                continue
            yield from self._cancelling(run, delays, make)
            for following in self._branches(run, delays):
                if self._most is not None and self.n + len(branches) >= self._most:
                    has_ended = False  # `most` leaves no run for them
                    break
                branches.append(following)
        self._has_ended = has_ended

    def _branches(self, run: Run, delays: DelayDict) -> Iterator["_Branch"]:
        for n_steps, ready, has_callbacks in run.choices:
            for n in range(1, len(ready)):
                yield _Branch(run.ran, delays, tuple(ready[:n]), n_steps, n_steps + 1)
            if has_callbacks or self._jitter:  # what they wake, or what time wakes, may go first
                yield _Branch(run.ran, delays, tuple(ready), n_steps, n_steps)

    def _compare(self, run: Run, ran: tuple[int, ...], n_steps: int) -> None:
        """Notice when a run does not begin with the same steps as the run that it varies."""
        if run.ran[:n_steps] != ran[:n_steps]:
            self.is_repeatable = False

    def _is_new(self, run: Run) -> bool:
        """Tell whether a run's order is new: several schedules may lead to the same order."""
        n = len(self._seen)
        self._seen.add(hash(run.ran))
        return len(self._seen) > n

    def _cancelling(
        self, run: Run, delays: DelayDict, make: Callable[[Schedule], R]
    ) -> Iterator[R]:
        """Yield the same order with each cancellation."""
        if not self._cancel:
            return
        steps = cancellable(run)
        for at in steps:
            yield make(Schedule(delays, jitter=self._jitter, cancel=at))
        if run.is_native:
            for at in steps:
                first = make(Schedule(delays, jitter=self._jitter, cancel=at, native=True))
                yield first
                for twice in cancelled_again(first, at):
                    yield make(Schedule(delays, jitter=self._jitter, cancel=twice, native=True))

    def _longer(self, run: Run, delays: DelayDict, n_steps: int) -> Iterator["_Longer"]:
        """Yield these delays with one more, which begins after all others have begun.

        So none come twice where the order is the same: there is one way to make each.
        """
        steps = steps_of(run.ran)
        able = set(steps if self._jitter else run.contended) - delays.keys()
        for number, step in enumerate(steps[n_steps:], n_steps):
            if step in able:
                for late in LATES:
                    yield _Longer(run.ran, number, {**delays, step: late})


def every_schedule(
    deviations: int | Literal["all"] = 1,
    *,
    cancel: bool = False,
    jitter: float = 0.0,
    most: int | None = None,
) -> EverySchedule:
    """Return every schedule with at most so many deviations, to open one after another.

    Loop over them, and open each: `with schedule: ...`. When the loop has ended, all of them have
    passed. A test may assert the text of what is returned, such as `all 226 schedules with at most
    1 deviation passed`.

    Args:
        deviations: How many steps may be delayed. Or `"all"`, for small programs: every order in
            which, at each step, any task that is ready goes on. Three tasks of four steps have
            34,650 orders; the text then is `all 34,650 orders passed`.
        cancel: Whether to repeat each order with each cancellation of a task; on asyncio, also with
            each `native` one, once and twice.
        jitter: As for `Schedule`.
        most: How many schedules there may be; `None` means all.

    Raises:
        ValueError: As for `EverySchedule`: an argument is not one of these.
    """
    return EverySchedule(deviations, cancel=cancel, jitter=jitter, most=most)


def steps_of(ran: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the tasks and steps of a run, in their order, given the task of each step."""
    n_steps: dict[int, int] = {}
    steps: list[tuple[int, int]] = []
    for task in ran:
        n_steps[task] = n_steps.get(task, 0) + 1
        steps.append((task, n_steps[task]))
    return steps


def cancellable(run: Run) -> list[tuple[int, int]]:
    """Return the tasks and steps before which a task can be cancelled.

    The private tasks of an event loop's library are left out: nobody else can cancel these alone.
    So are those in which it runs something of the user's for another thread.
    """
    steps = steps_of(run.ran)
    of_the_user = {it[0] for it, lines in zip(steps, run.stacks or (), strict=True) if lines}
    those = of_the_user - run.of_libraries - {run.opener}
    return [it for it in steps if it[0] in those and it[1] > 1]


def cancelled_again(run: Run, at: tuple[int, int]) -> list[tuple[int, int, int]]:
    """Return where a task can be cancelled a second time.

    Args:
        run: One in which the task was cancelled once.
        at: The task, and its step.
    """
    task, step = at
    last = min(run.ran.count(task), step + MOST_STEPS_OF_CLEAN_UP)
    return [(task, step, again) for again in range(step + 1, last + 1)]


def _check(cancel: object, most: object) -> None:
    """Refuse what a type checker would refuse, and a number of schedules below 1."""
    if not isinstance(cancel, bool):
        raise ValueError(f"cancel must be True or False, not {cancel!r}.")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise ValueError(f"most must be a whole number of at least 1, or None, not {most!r}.")
