"""Draws orders of many kinds, because each kind finds bugs that the others rarely meet."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from awaits.testing.deadlock import Line
from awaits.testing.deviations import Late
from awaits.testing.every import DelayDict
from awaits.testing.loops.orders import Recorded
from awaits.testing.loops.places import Places, Stack
from awaits.testing.loops.priorities import Priorities
from awaits.testing.schedule import Schedule

LONGEST = 4_096  # how many steps of others a drawn delay lasts, at most
SLOWEST = 15  # how many steps of others each step of a slow task lasts, at most
MOST_CHANGES = 4  # of priorities; one order has fewer than so many

StepKey = tuple[int, int]  # a task and one of its steps
Drawn = Schedule | Recorded


@dataclass
class Seen:
    """What is known of a test from its first run, and from later ones."""

    n_steps: int = 1  # of all tasks, in the longest run
    steps: list[StepKey] = field(default_factory=list[StepKey])  # whose delay makes a difference
    lines: dict[Line, set[StepKey]] = field(default_factory=dict[Line, set[StepKey]])
    """The lines of the test, and of what it calls, at which steps begin; for each, the steps of the
    first run with which tasks left it."""
    came: dict[Line, list[StepKey]] = field(default_factory=dict[Line, list[StepKey]])
    """For each of these lines, the first step of each task there; who comes first is first."""
    jitter: float = 0.0

    def look_at(self, steps: Sequence[StepKey], stacks: Sequence[tuple[Line, ...]]) -> None:
        """Learn from the first run: its steps, and where each began."""
        left: dict[int, tuple[Line, ...]] = {}  # for each task, where its next step began
        alike: dict[frozenset[StepKey], Line] = {}
        at: dict[Line, set[StepKey]] = {}
        first: dict[Line, dict[int, int]] = {}  # of each task; who comes first is last
        for step, stack in zip(reversed(steps), reversed(stacks), strict=False):
            for line in stack:
                at.setdefault(line, set()).add(step)
                there = first.setdefault(line, {})
                there.pop(step[0], None)
                there[step[0]] = step[1]
                if line not in left.get(step[0], ()):
                    self.lines.setdefault(line, set()).add(step)
            left[step[0]] = stack
        self.came = {line: list(reversed(it.items())) for line, it in first.items()}
        for line in reversed(list(self.lines)):
            if alike.setdefault(frozenset(at[line]), line) is not line:
                del self.lines[line]

    def some_lines(self, rng: random.Random, n_lines: int) -> list[Line]:
        """Draw so many of the lines, or as many as there are."""
        return rng.sample(list(self.lines), min(n_lines, len(self.lines)))


def few_delays(seen: Seen, rng: random.Random) -> Schedule:
    """Delay one to four steps of the first run, for a short or a long time."""
    keys = rng.sample(seen.steps, min(rng.randint(1, 4), len(seen.steps)))
    return _delaying(seen, {key: _length(seen, rng) for key in keys})


def slow_places(seen: Seen, rng: random.Random) -> Recorded:
    """Delay all tasks that come to one or two lines, each time or now and then."""
    lines = set(seen.some_lines(rng, rng.randint(1, 2)))
    share = rng.choice((0.5, 1.0))

    def is_slow(task: int, step: int, stack: Stack) -> bool:  # noqa: ARG001 see Places
        return not lines.isdisjoint(stack()) and rng.random() < share

    return Places(is_slow, jitter=seen.jitter)


def meetings(seen: Seen, rng: random.Random) -> Recorded:
    """Delay a task as it leaves a line, or all tasks that do, until another comes to a line."""
    if not seen.lines:
        return random_priorities(seen, rng)
    line, until = rng.choice(list(seen.lines)), rng.choice(list(seen.lines))
    keys = seen.lines[line]
    if keys and rng.random() < 0.5:
        keys = {rng.choice(sorted(keys))}

    def is_slow(task: int, step: int, stack: Stack) -> bool:
        return (task, step) in keys if keys else line in stack()

    return Places(is_slow, until=until, jitter=seen.jitter)


def speeds(seen: Seen, rng: random.Random) -> Schedule:
    """Give each task a speed of its own, or delay each step of one of them."""
    tasks = sorted({task for task, _ in seen.steps})
    if tasks and rng.random() < 0.25:
        task, late = rng.choice(tasks), _length(seen, rng)
        # A long number of others would be waited for at each step, also of those that only poll.
        is_short = late != "idle" and late <= SLOWEST
        return _delaying(seen, {(task, "every"): late if is_short else "idle"})
    lates = {task: int((SLOWEST + 1) ** rng.random()) - 1 for task in tasks}
    return _delaying(seen, {(task, "every"): late for task, late in lates.items() if late})


def changing_priorities(seen: Seen, rng: random.Random) -> Recorded:
    """Give each task a priority. A few times, the task that runs gets one of the worst."""
    n_changes = min(rng.randint(0, MOST_CHANGES - 1), seen.n_steps)
    return Priorities(_ChangingPriorities(rng, rng.sample(range(seen.n_steps), n_changes)))


def random_priorities(seen: Seen, rng: random.Random) -> Recorded:  # noqa: ARG001 as the others
    """Give each step a priority."""
    return Priorities(_RandomPriorities(rng))


def _delaying(seen: Seen, delays: DelayDict) -> Schedule:
    return Schedule(delays, jitter=seen.jitter)


def _length(seen: Seen, rng: random.Random) -> Late:
    """Draw how long a delay is, up to the length of the runs.

    Some are of any order of magnitude. Others end at any step with the same probability, because
    the step to wait for may be as far away as the run is long.
    """
    longest = min(seen.n_steps, LONGEST)
    match rng.randrange(4):
        case 0:
            return "idle"
        case 1:
            return rng.randint(1, longest)
        case _:
            return int(longest ** rng.random())


Draw = Callable[[Seen, random.Random], Drawn]

MIXTURE: Sequence[Draw] = (
    meetings,
    changing_priorities,
    slow_places,
    few_delays,
    meetings,
    random_priorities,
    slow_places,
    changing_priorities,
    speeds,
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
        """Return the priority of a task, drawn when the task first came."""
        priority = self._priorities.get(task)
        if priority is None:
            priority = self._priorities[task] = self._rng.random()
        return priority

    def ran(self, task: int, n_steps: int) -> None:
        """Give a task one of the worst priorities at the steps that were drawn for it."""
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
