"""trio's adapter: it implements `contract.Adapter`, and keeps trio's private names inside."""

from collections.abc import Callable

from trio._core._run import GLOBAL_RUN_CONTEXT

from awaits.testing.loops._trio.cancellable import cancellable as cancellable
from awaits.testing.loops._trio.clock import End, VirtualTrioClock, patch_test_runner
from awaits.testing.loops._trio.order import RunQueuePlay
from awaits.testing.loops._trio.waits import look, tasks_here
from awaits.testing.loops._trio.workers import patch_threads
from awaits.testing.loops.orders import Order
from awaits.testing.loops.portals import patch_portals
from awaits.testing.loops.standing import Standing, standing
from awaits.testing.loops.timekeeper import Timekeeper


def options(make: Callable[[], Timekeeper]) -> dict[str, object]:
    """Return the `backend_options` of `anyio.run` that make its time virtual."""
    patch_test_runner()
    patch_threads()
    patch_portals()
    clock = VirtualTrioClock(make())
    return {"clock": clock, "instruments": [End(clock)]}


def play(order: Order) -> RunQueuePlay:
    """Steer the order of the tasks of the running event loop, until `Play.close`."""
    return RunQueuePlay(order)


def stop_steering() -> None:
    """Leave the running event loop to itself, if what steers it gives way to others."""
    RunQueuePlay.end_what_gives_way(GLOBAL_RUN_CONTEXT.runner.runq)


def standing_here() -> list[Standing]:
    """Return where the tasks of the running event loop stand, in real or virtual time."""
    return standing(tasks_here(), look)


def break_rings() -> None:
    """Do nothing: a task of trio waits for no other task, only for a nursery."""
