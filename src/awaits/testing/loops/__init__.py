"""The engine of the kit: an adapter for each event loop, which only `adapter` looks up."""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from awaits.testing import backends

if TYPE_CHECKING:
    from awaits.testing.loops.contract import Adapter


@cache
def adapter(name: str) -> "Adapter":
    """Return the adapter that steers an event loop. Nothing else looks one up by name.

    Args:
        name: One of `backends.NAMES`.

    Raises:
        ValueError: There is no such event loop, it is not installed, it cannot be steered, or the
            kit does not fit its version.
    """
    # Imported only when needed: trio may not be installed, and a run needs only one event loop.
    module = f"{__name__}.{backends.check_steered(name)}"
    try:
        return cast("Adapter", import_module(module))
    except (AttributeError, ImportError) as error:
        from awaits.testing.loops.fence import does_not_fit  # noqa: PLC0415 rarely needed

        raise ValueError(does_not_fit(error)) from None


def adapter_here() -> "Adapter":
    """Return the adapter of the event loop that runs the caller; on uvloop, that of asyncio.

    Raises:
        RuntimeError: No event loop runs the caller.
        ValueError: The kit does not fit its version.
    """
    return adapter(backends.running().partition("+")[0])
