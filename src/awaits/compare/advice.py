"""What the measurements show, and which strategy to choose."""

from collections.abc import Mapping

from awaits.compare.measure import Measured
from awaits.compare.strategies import SEQUENTIAL, STRATEGIES

CLOSE = 1.25  # a smaller gain is not worth a harder program, and the next run may not show it
LEAST_SECONDS = 0.2  # if all tasks take less, starting things is most of what is measured


def waiting(sequential: Measured) -> float:
    """Return how much of its time the work waited.

    The rest of the time it computed. On a busy machine, waiting for the processor counts, too.

    Args:
        sequential: What was measured when the tasks ran one after another.

    Returns:
        A share, from 0.0 to 1.0.
    """
    computing = (sequential.cpu_seconds or 0.0) / sequential.seconds
    return min(1.0, max(0.0, 1.0 - computing))


def advice(measured: Mapping[str, Measured]) -> str:
    """Say in a few sentences what was measured, and which strategy to choose.

    That is the first one that is nearly as fast as the fastest: it takes at most `CLOSE` times as
    long.

    Args:
        measured: What was measured, by the strategy's name, in the order of `STRATEGIES`.

    Returns:
        The sentences.
    """
    sequential = measured.get(SEQUENTIAL)
    if sequential is None or len(measured) == 1:
        return "There is nothing to compare, so nothing to advise."
    if len(sequential.spans) == 1:
        return "One task has nothing to run beside; compare with more."
    seconds = f"{sequential.seconds:.2g} s"
    if sequential.seconds < LEAST_SECONDS:
        return (
            f"All tasks took {seconds} one after another. That is too short to compare, "
            "and fast enough as it is; if there will be more work, compare with more tasks."
        )
    fastest = min(it.seconds for it in measured.values())
    close = [name for name, it in measured.items() if it.seconds <= CLOSE * fastest]
    return f"{_seen(sequential, measured)} {_chosen(close, measured, seconds)}"


def _seen(sequential: Measured, measured: Mapping[str, Measured]) -> str:
    share = waiting(sequential)
    seen = f"The tasks waited {share:.0%} of their time and computed {1 - share:.0%}."
    in_tasks = [it.seconds for name, it in measured.items() if STRATEGIES[name].on_event_loop]
    if share > 0.5 and in_tasks and CLOSE * min(in_tasks) > sequential.seconds:
        seen += (
            " On an event loop, each blocked all others while it waited, because it does not await."
        )
    return seen


def _chosen(close: list[str], measured: Mapping[str, Measured], seconds: str) -> str:
    best, *others = close
    if best == SEQUENTIAL:
        return "Nothing was much faster than one after another: stay with it."
    times = measured[SEQUENTIAL].seconds / measured[best].seconds
    others_close = f" ({', '.join(others)} came close)" if others else ""
    return (
        f"I would choose {best}, {times:.1f} times as fast{others_close}, or stay with one after "
        f"another if {seconds} is fast enough."
    )
