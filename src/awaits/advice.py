"""What the measurements say, and what they would choose."""

from collections.abc import Mapping

from awaits.measure import Measured

CLOSE = 1.25  # no difference worth a harder program, nor sure to be there the next time
LEAST_SECONDS = 0.2  # one after another; in less, starting anything drowns the answer


def waiting(sequential: Measured) -> float:
    """Return the share of the time that the work waited, one after another: from 0.0 to 1.0.

    The rest of the time it computed. On a machine that has other things to do, waiting for the
    processor is waiting, too.
    """
    computing = (sequential.cpu_seconds or 0.0) / sequential.seconds
    return min(1.0, max(0.0, 1.0 - computing))


def advice(measured: Mapping[str, Measured]) -> str:
    """Say in a few sentences what was seen, and what to choose.

    The choice is the first strategy, in the order given, than which none is much faster.

    Args:
        measured: What was measured, by the strategy's name, the easier to live with first.
    """
    sequential = measured.get("sequential")
    if sequential is None or len(measured) == 1:
        return "There is nothing to compare, so nothing to advise."
    if len(sequential.spans) == 1:
        return "One task has nothing to run beside; compare with more."
    seconds = f"{sequential.seconds:.2g} s"
    if sequential.seconds < LEAST_SECONDS:
        return (
            f"All tasks took {seconds} one after another. That is too short to tell, and short "
            "enough to stay so; if it will be more, compare with more tasks."
        )
    fastest = min(it.seconds for it in measured.values())
    close = [name for name, it in measured.items() if it.seconds <= CLOSE * fastest]
    return f"{_seen(sequential, measured)} {_chosen(close, measured, seconds)}"


def _seen(sequential: Measured, measured: Mapping[str, Measured]) -> str:
    share = waiting(sequential)
    seen = f"The tasks waited {share:.0%} of their time and computed {1 - share:.0%}."
    in_tasks = [measured[name].seconds for name in ("asyncio", "trio") if name in measured]
    if share > 0.5 and in_tasks and CLOSE * min(in_tasks) > sequential.seconds:
        seen += " On an event loop, each kept all others waiting: its own waiting is not awaited."
    return seen


def _chosen(close: list[str], measured: Mapping[str, Measured], seconds: str) -> str:
    best, *others = close
    if best == "sequential":
        return "Nothing was much faster than one after another: stay with it."
    times = measured["sequential"].seconds / measured[best].seconds
    others_close = f" ({', '.join(others)} came close)" if others else ""
    return (
        f"I would choose {best}, {times:.1f} times as fast{others_close}, or stay with one after "
        f"another if {seconds} is fast enough."
    )
