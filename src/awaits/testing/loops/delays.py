"""The order of a schedule: first in, first out, except for the steps that it delays."""

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from awaits.testing.loops.orders import Delay, Entry, Moment, Order

# A delay until nothing else can run ends after so many steps of others, at the latest: next to a
# task in a busy wait, something else can always run.
IDLE_STEPS = 1_000

# No delay is longer: next to a task in a busy wait, it would look like one without end.
MOST_STEPS = 50_000

# Once delays as long as IDLE_STEPS have lasted for so many steps in all, and something else could
# run to their end, no more of them begin: the others may only poll for what is delayed.
MOST_IN_VAIN = 10_000

# With a jitter, at most so many steps are late in a run: a task whose every try is as late as its
# timeout would try for ever.
MOST_LATE = 1_000

NOWHERE = Moment(0, "", None, None)

SHOWN = 3  # how many of the steps that went ahead of a delayed one are remembered


class Choice(NamedTuple):
    """A step that ran when other steps could have run, too."""

    n_steps: int  # how many steps all tasks had taken
    ready: list[tuple[int, int, int]]
    """The task and the step of each that was ready; the first is the one that ran. Then how many
    steps all tasks had taken when its delay began; -1 if it was not delayed."""
    has_callbacks: bool  # whether callbacks of the event loop were waiting behind some of them


class _Late(NamedTuple):
    """A delayed step, in the order of the heap."""

    until: int  # how many steps all tasks will have taken when its delay ends
    nth: int
    entry: Entry
    event: Delay
    since: int  # how many steps all tasks had taken when its delay began


class InVain:
    """Counts for how many steps long delays have lasted to their end; two at a time count once."""

    __slots__ = ("_last", "_n_steps")

    def __init__(self) -> None:
        self._n_steps = self._last = 0

    @property
    def is_enough(self) -> bool:
        """Whether no more long delays are to begin."""
        return self._n_steps >= MOST_IN_VAIN

    def ended(self, since: int, until: int) -> None:
        """Note that a delay has ended, though something else could run."""
        if until - since >= IDLE_STEPS:
            self._n_steps += until - max(since, self._last)
            self._last = until


class Delays(Order):
    """Steps run first in, first out; some are delayed until others have taken so many steps.

    Args:
        delay: Returns how many steps of others a step waits for, given its task's number and its
            own; 0 for none.
        jitter: How late a step may be, in virtual seconds.
        tells: Whether to remember where tasks stood, for reports; it takes time.
    """

    def __init__(
        self,
        delay: Callable[[int, int], int],
        *,
        jitter: float = 0.0,
        tells: bool = True,
    ) -> None:
        self.events: list[Delay] = []
        self.n_ready: int = 0
        self.choices: list[Choice] | None = None
        """What else could have run at each step, if that is to be noted."""
        self.chooses_from: int = 0  # at which step to begin with that
        self._delay = delay
        self._tells = tells
        self._jitter = jitter
        self._queue: deque[Entry] = deque()
        self._released: deque[Entry] = deque()  # those delayed no longer, which run first
        self._late: list[_Late] = []  # a heap
        self._began: deque[tuple[float, Entry]] = deque()  # when each began to be late
        self._telling: list[_Late] = []  # those whose reports are not full yet
        self._n_steps = 0
        self._in_vain = InVain()
        self._n_callbacks = 0  # of the event loop, that ran

    def add(self, entries: Iterable[Entry]) -> None:
        """Take what has become ready."""
        self._queue.extend(entries)
        self.n_ready = len(self._queue) + len(self._released)

    @property
    def n_late(self) -> int:
        """How many steps are delayed."""
        return len(self._late)

    def take(self) -> Entry | None:
        """Return what runs next."""
        if self._released:
            return self._ran(self._released)
        queue, delay = self._queue, self._delay
        while queue:
            entry = queue[0]
            if entry.task is None:
                self.n_ready -= 1
                self._n_callbacks += 1
                return queue.popleft()
            n_steps = delay(entry.number, entry.step_number)
            if not n_steps or self._is_in_vain(n_steps):
                return self._ran(queue)
            self._begin(entry, n_steps)
            queue.popleft()
            self.n_ready -= 1
        return None

    def release(self) -> bool:
        """End the delay of one step; return whether any was delayed."""
        if self._late:
            self._end()
            return True
        return False

    def latest(self) -> float:
        """Return how far time may move: a delayed step may be late by `jitter` seconds."""
        if not self._late:
            return math.inf
        began = self._began
        while began and not began[0][1].is_late:
            began.popleft()
        return began[0][0] + self._jitter if began else -math.inf

    def rest(self) -> list[Entry]:
        """Take everything: what was delayed runs first."""
        while self._late:
            self._end()
        entries = [*self._released, *self._queue]
        self._released.clear()
        self._queue.clear()
        self.n_ready = 0
        return entries

    def _is_in_vain(self, n_steps: int) -> bool:
        """Tell whether a delay is not to begin, because enough others have in this run."""
        if self._jitter and len(self.events) >= MOST_LATE:
            return True
        return n_steps >= IDLE_STEPS and self._in_vain.is_enough

    def _begin(self, entry: Entry, n_steps: int) -> None:
        moment = self.play.moment(entry.task) if self._tells else NOWHERE
        event = Delay(entry.step_number, moment, self._n_steps, n_callbacks=-self._n_callbacks)
        self.events.append(event)
        entry.is_late = True
        entry.since = self._n_steps
        until = self._n_steps + min(n_steps, MOST_STEPS)
        late = _Late(until, len(self.events), entry, event, self._n_steps)
        if self._tells:
            self._telling.append(late)
        if self._jitter:
            self._began.append((self.play.time() or 0.0, entry))
        heapq.heappush(self._late, late)

    def _end(self) -> None:
        _, _, entry, event, since = heapq.heappop(self._late)
        event.n_ahead = self._n_steps - since
        event.n_callbacks += self._n_callbacks
        if self._tells:
            event.seconds = (self.play.time() or 0.0) - (event.moment.time or 0.0)
        entry.is_late = False
        self._released.append(entry)
        self.n_ready += 1

    def _ran(self, entries: deque[Entry]) -> Entry:
        entry = entries[0]
        if self._telling:
            self._tell(entry)
        if self.choices is not None and self._n_steps >= self.chooses_from:
            self._note_choice(self.choices)
        self._n_steps += 1
        while self._late and self._late[0].until <= self._n_steps:
            self._in_vain.ended(self._late[0].since, self._n_steps)
            self._end()
        entries.popleft()  # only now, so that an error loses nothing
        self.n_ready -= 1
        return entry

    def _note_choice(self, choices: list[Choice]) -> None:
        steps = [it for it in (*self._released, *self._queue) if it.task is not None]
        has_callbacks = len(steps) < self.n_ready
        if len(steps) > 1 or has_callbacks or self._jitter:
            ready = [(it.number, it.step_number, it.since) for it in steps]
            choices.append(Choice(self._n_steps, ready, has_callbacks))

    def _tell(self, entry: Entry) -> None:
        """Remember a step that goes ahead of those that are late."""
        self._telling = [
            it for it in self._telling if it.entry.is_late and len(it.event.ahead) < SHOWN
        ]
        if self._telling:
            moment = self.play.moment(entry.task)
            for late in self._telling:
                late.event.ahead.append(moment)
