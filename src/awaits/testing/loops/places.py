"""An order by places: a task that comes to a line is delayed until another comes to a line.

A bug often depends on a place, and not on the number of a step: on a line at which several tasks
must not be together, or on one that a task must not reach while another is between two lines.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, TypeAlias

from awaits.testing.deadlock import Line, stack
from awaits.testing.loops.delays import IDLE_STEPS, Delays
from awaits.testing.loops.orders import Entry, Recorded

Stack: TypeAlias = Callable[[], tuple[Line, ...]]


class Places(Delays, Recorded):
    """Delays the steps that begin at some lines.

    It notes which steps it delayed, so that a schedule can replay the same order.

    Args:
        is_slow: Tells whether a step is delayed, given the numbers of its task and of the step, and
            a function that returns the lines at which the task stands. Calling that function takes
            time.
        until: Delays end when another task comes to this line; without it, when nothing else can
            run.
        jitter: As for `Delays`.
    """

    def __init__(
        self,
        is_slow: Callable[[int, int, Stack], bool],
        *,
        until: Line | None = None,
        jitter: float = 0.0,
    ) -> None:
        super().__init__(self._delay_of, jitter=jitter, tells=False)
        self.delays: dict[tuple[int, int], int | Literal["idle"]] = {}
        self.jitter = jitter
        self._is_slow = is_slow
        self._until = until
        self._slow: set[tuple[int, int]] = set()
        self._ran_beside: object = None  # the task that ran last, if steps were late then

    def add(self, entries: Iterable[Entry]) -> None:
        """Take what has become ready."""
        entries, coroutine_of = list(entries), self.play.coroutine_of
        for entry in entries:
            if entry.task is not None:
                key = entry.number, entry.step_number
                if self._is_slow(*key, partial(stack, coroutine_of(entry.task))):
                    self._slow.add(key)
        super().add(entries)

    def take(self) -> Entry | None:
        """Return what runs next."""
        if self._ran_beside is not None and self._have_met():
            self._release_all()
        entry = super().take()
        is_beside = self._until is not None and bool(self._late)
        self._ran_beside = entry.task if entry is not None and is_beside else None
        return entry

    def release(self) -> bool:
        """End the delay of one step; return whether any was delayed."""
        if self._have_met():
            self._release_all()
            return True
        # One more than the steps that went ahead: so a replay, too, comes to a point where nothing
        # else can run, and releases the same step first.
        return bool(self._late) and self._release(1)

    def latest(self) -> float:
        """Return how far time may move: not at all if tasks have met that must go on first."""
        return -math.inf if self._have_met() else super().latest()

    def _have_met(self) -> bool:
        beside = self._ran_beside
        return beside is not None and self._until in stack(self.play.coroutine_of(beside))

    def _delay_of(self, task: int, step: int) -> int:
        if (task, step) not in self._slow:
            return 0
        self.delays[task, step] = "idle"
        return IDLE_STEPS

    def _release_all(self) -> None:
        while self._late:
            self._release(0)

    def _release(self, n_steps_more: int) -> bool:
        entry, event = self._late[0].entry, self._late[0].event
        self._end()
        self.delays[entry.number, entry.step_number] = event.n_ahead + n_steps_more
        return True
