"""An order by priorities: of the steps that are ready, the one with the best priority runs.

A step that alone is ready never waits, so such an order never stops time. It notes which steps ran
later than they would have first in, first out, so that a schedule can replay the same order.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from awaits.testing.loops.delays import IDLE_STEPS, InVain
from awaits.testing.loops.orders import Delay, Entry, Recorded

STEPS_BESIDE_A_POLL = 15  # that a step waits for, once many have waited in vain


class Priority(Protocol):
    """The priority of a step when it becomes ready; the lowest number runs first."""

    def of(self, task: int, step: int) -> float:
        """Return the priority of a step of a task."""
        ...

    def ran(self, task: int, n_steps: int) -> None:
        """Take note of a step that runs, and of how many steps have run before."""
        ...


@dataclass(slots=True, eq=False)
class _Ready:
    """A step that is ready."""

    arrival: int
    entry: Entry | None  # `None` once it has run, so that nothing here keeps its task alive
    since: int = -1  # how many steps had run when a later one went ahead


class Priorities(Recorded):
    """Of the steps that are ready, the one with the best priority runs.

    A step that has waited for 1,000 others runs in any case: next to a task in a busy wait, a step
    with a bad priority would otherwise never run. Once steps have waited for 10,000 others in all,
    15 are enough.

    Args:
        priority: Gives each step its priority.
    """

    def __init__(self, priority: Priority) -> None:
        self.events: list[Delay] = []
        self.n_ready: int = 0
        # The steps that ran later than first in, first out.
        self.delays: dict[tuple[int, int], int | Literal["idle"]] = {}
        self._priority = priority
        self._ready: list[tuple[float, int, _Ready]] = []  # a heap, by priority and arrival
        self._callbacks: deque[tuple[int, Entry]] = deque()
        self._fresh: deque[_Ready] = deque()  # by arrival: those that nothing overtook
        self._overtaken: deque[_Ready] = deque()  # by when they were overtaken
        self._n_arrivals = 0
        self._n_steps = 0
        self._in_vain = InVain()

    def add(self, entries: Iterable[Entry]) -> None:
        """Take what has become ready."""
        for entry in entries:
            arrival = self._n_arrivals = self._n_arrivals + 1
            if entry.task is None:
                self._callbacks.append((arrival, entry))
            else:
                priority = self._priority.of(entry.number, entry.step_number)
                ready = _Ready(arrival, entry)
                heapq.heappush(self._ready, (priority, arrival, ready))
                self._fresh.append(ready)
            self.n_ready += 1

    def take(self) -> Entry | None:
        """Return what runs next."""
        best = self._best()
        callbacks = self._callbacks
        if callbacks and (best is None or callbacks[0][0] < best.arrival):
            self.n_ready -= 1
            return callbacks.popleft()[1]
        if best is None:
            return None
        n_steps, fresh, entry = self._n_steps, self._fresh, cast("Entry", best.entry)
        if best.since < 0:  # all that came before it, and did not run, is overtaken now
            while (first := fresh.popleft()) is not best:
                first.since = n_steps
                self._overtaken.append(first)
        else:
            self.delays[entry.number, entry.step_number] = n_steps - best.since
            self._in_vain.ended(best.since, n_steps)
        best.entry = None
        self.n_ready -= 1
        self._priority.ran(entry.number, n_steps)
        self._n_steps = n_steps + 1
        return entry

    @property
    def _most_steps(self) -> int:
        return STEPS_BESIDE_A_POLL if self._in_vain.is_enough else IDLE_STEPS

    def _best(self) -> _Ready | None:
        ready, overtaken = self._ready, self._overtaken
        while ready and ready[0][2].entry is None:
            heapq.heappop(ready)
        while overtaken and overtaken[0].entry is None:
            overtaken.popleft()
        if overtaken and self._n_steps - overtaken[0].since >= self._most_steps:
            return overtaken[0]
        return ready[0][2] if ready else None

    def rest(self) -> list[Entry]:
        """Take everything, in the order of arrival."""
        rest = list(self._callbacks)
        for _, _, ready in self._ready:
            if (entry := ready.entry) is not None:
                rest.append((ready.arrival, entry))
                if ready.since >= 0:  # it has not run until the end
                    self.delays[entry.number, entry.step_number] = "idle"
        rest.sort(key=lambda it: it[0])
        for it in (self._ready, self._callbacks, self._fresh, self._overtaken):
            it.clear()
        self.n_ready = 0
        return [entry for _, entry in rest]
