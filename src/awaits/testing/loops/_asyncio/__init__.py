"""asyncio's adapter: it implements `contract.Adapter`, and keeps asyncio's private names inside."""

from collections.abc import Callable

from awaits.testing.loops._asyncio.backend import install
from awaits.testing.loops._asyncio.cancellable import break_rings as break_rings
from awaits.testing.loops._asyncio.cancellable import cancellable as cancellable
from awaits.testing.loops._asyncio.loop import VirtualEventLoop
from awaits.testing.loops._asyncio.order import ReadyPlay, queue_here
from awaits.testing.loops._asyncio.waits import look, tasks_here
from awaits.testing.loops.orders import Order
from awaits.testing.loops.standing import Standing, standing
from awaits.testing.loops.timekeeper import Timekeeper


def options(make: Callable[[], Timekeeper]) -> dict[str, object]:
    """Return the `backend_options` of `anyio.run` that make its time virtual."""
    install()
    return {"loop_factory": lambda: VirtualEventLoop(make())}


def play(order: Order) -> ReadyPlay:
    """Steer the order of the tasks of the running event loop, until `Play.close`."""
    return ReadyPlay(order)


def stop_steering() -> None:
    """Leave the running event loop to itself, if what steers it gives way to others."""
    ReadyPlay.end_what_gives_way(queue_here())


def standing_here() -> list[Standing]:
    """Return where the tasks of the running event loop stand, in real or virtual time."""
    return standing(tasks_here(), look)
