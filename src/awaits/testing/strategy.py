"""The Hypothesis strategy that draws schedules, for tests that draw other things, too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

from awaits.testing.deviations import Late, checked_jitter
from awaits.testing.schedule import Schedule

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def _each(*parts: tuple[int, Iterable[T]]) -> list[T]:
    items = [it for times, those in parts for _ in range(times) for it in those]
    items = sorted(items, key=items.index)
    return [items[byte * len(items) // 256] for byte in range(256)]


# One byte picks an item of a list. Nobody knows before the run how many tasks and steps there will
# be, so the first ones are the likeliest. The first item of a list is the simplest.
_TASKS = _each((8, range(1, 3)), (12, range(1, 5)), (1, range(1, 33)))
_STEPS: list[int | Literal["every"]] = _each(
    (21, range(1, 4)), (8, range(1, 9)), (1, range(1, 65)), (64, ["every"])
)
_LATES: list[Late | None] = _each(
    (20, [None]), (4, range(1, 4)), (13, ["idle"]), (1, [2**n for n in range(13)])
)
_AWAITS: list[int | None] = _each(
    (14, [None]), (8, range(1, 4)), (5, range(1, 7)), (1, range(1, 33))
)

_MOST_DELAYS = 6
_N_BYTES = 1 + 3 * _MOST_DELAYS


def without_hypothesis(name: str) -> ModuleNotFoundError:
    """Return the error of somebody who asks for what needs Hypothesis."""
    return ModuleNotFoundError(
        f"{name} needs Hypothesis, which is not installed; install it with: pip install hypothesis",
        name="hypothesis",
    )


def schedules(*, jitter: float = 0.0) -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy that draws schedules; the simplest is the loop's own order.

    Some cancel their cancel scope, at one of its first 32 awaits. A few steps are delayed, of the
    first 32 tasks and the first 64 steps of each, or all steps of a task.

    Args:
        jitter: How late a step may be, in seconds of virtual time, where the sleeps of a test stand
            for calls of unknown length.

    Raises:
        ModuleNotFoundError: Hypothesis is not installed.
        ValueError: `jitter` is negative, infinite or no number.
    """
    try:
        from hypothesis import strategies as st  # noqa: PLC0415 schedules are of use without it
    except ModuleNotFoundError:
        raise without_hypothesis("schedules()") from None

    jitter = checked_jitter(jitter)
    # All in one draw: each draw of Hypothesis costs as much as some ten steps of a test.
    drawn = st.binary(min_size=_N_BYTES, max_size=_N_BYTES)

    @st.composite
    def draw_schedule(draw: st.DrawFn) -> Schedule:
        cancel, *numbers = draw(drawn)
        delays: dict[tuple[int, int | Literal["every"]], Late] = {}
        for late, task, step in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            if delay := _LATES[late]:
                delays[_TASKS[task], _STEPS[step]] = delay
        return Schedule(delays, jitter=jitter, cancel=_AWAITS[cancel])

    return draw_schedule()
