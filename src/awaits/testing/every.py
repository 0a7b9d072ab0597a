"""Every order of one test, up to a bound: not luck, but all there are."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, Protocol, TypeVar

from awaits.testing.deviations import Late
from awaits.testing.schedule import Schedule

LATES: tuple[Late, ...] = "idle", 1

DelayDict = dict[tuple[int, int | Literal["every"]], Late]


class Run(Protocol):
    """One run in an order of tasks, and what it showed."""

    ran: tuple[int, ...]
    contended: list[tuple[int, int]]
    opener: int


R = TypeVar("R", bound=Run)


class EverySchedule:
    """Yields every schedule with so many deviations at most, the fewest first.

    Args:
        deviations: How many steps are delayed, at most: each until nothing else can run, or by one
            step.
        cancel: Whether each of these orders comes again with each cancellation: of each task that
            is started meanwhile, at each of its awaits.
        jitter: As for `Schedule`.
        most: How many schedules there may be.

    Attributes:
        n: How many schedules were yielded, and came through.
        is_complete: Whether these were all.
    """

    def __init__(
        self,
        deviations: int = 1,
        *,
        cancel: bool = False,
        jitter: float = 0.0,
        most: int | None = None,
    ) -> None:
        self.n: int = 0
        self.is_complete: bool = False
        self._deviations = deviations
        self._cancel = cancel
        self._jitter = jitter
        self._most = most

    def __iter__(self) -> Iterator[Schedule]:
        """Yield schedules; open each around the code under test before the next is asked for."""
        return self.runs(lambda schedule: schedule)

    def __str__(self) -> str:
        n, deviations = self.n, self._deviations
        schedules = "1 schedule" if n == 1 else f"{n:,} schedules"
        bound = f"with at most {deviations} deviation{'s' * (deviations != 1)}"
        if self.is_complete:
            schedules = "the only schedule" if n == 1 else f"all {schedules}"
            return f"{schedules} {bound} passed"
        return f"{schedules} {bound} passed, and there are more"

    def runs(self, make: Callable[[Schedule], R]) -> Iterator[R]:
        """Yield what is made of each schedule, which tells afterwards what its run showed."""
        seen: set[tuple[int, ...]] = set()
        tried: set[frozenset[object]] = set()  # what two shorter schedules lead to comes once
        level: deque[DelayDict] = deque([{}])
        for n_delays in range(self._deviations + 1):
            following: deque[DelayDict] = deque()
            while level:
                delays = level.popleft()
                if frozenset(delays.items()) in tried:
                    continue
                tried.add(frozenset(delays.items()))
                if self.n == self._most:
                    return
                run = make(Schedule(delays, jitter=self._jitter))
                yield run
                self.n += 1
                if run.ran in seen:  # another way to say an order
                    continue
                seen.add(run.ran)
                for cancel in self._cancellations(run):
                    if self.n == self._most:
                        return
                    yield make(Schedule(delays, jitter=self._jitter, cancel=cancel))
                    self.n += 1
                if n_delays < self._deviations:
                    following.extend(self._longer(run, delays))
            level = following
        self.is_complete = True

    def _cancellations(self, run: Run) -> list[tuple[int, int]]:
        if not self._cancel:
            return []
        return [it for it in steps_of(run.ran) if it[0] != run.opener and it[1] > 1]

    def _longer(self, run: Run, delays: DelayDict) -> Iterator[DelayDict]:
        """Yield what delays one step more: one after the last that is delayed."""
        steps = steps_of(run.ran) if self._jitter else run.contended
        last = max((number for number, step in enumerate(steps) if step in delays), default=-1)
        for step in steps[last + 1 :]:
            for late in LATES:
                longer: DelayDict = delays.copy()
                longer[step] = late
                yield longer


def every_schedule(
    deviations: int = 1, *, cancel: bool = False, jitter: float = 0.0, most: int | None = None
) -> EverySchedule:
    """Return every schedule with so many deviations at most, to be opened one after another.

    A loop over them that opens each, `with schedule: ...`, ends knowing that all of them passed.
    Its text, such as `all 226 schedules with at most 1 deviation passed`, a test may assert.

    Args:
        deviations: How many steps are delayed, at most.
        cancel: Whether each order comes again with each cancellation of a task.
        jitter: As for `Schedule`.
        most: How many schedules there may be; `None` means all.
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
