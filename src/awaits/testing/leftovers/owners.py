"""Who owns an object: a fixture that is still open owns all that it can reach."""

import asyncio
import gc
import warnings
from collections.abc import Iterable
from contextvars import Context
from types import FunctionType, ModuleType, TracebackType

from awaits.testing.loops.frames import RUN_OF_TRIO

MOST = 100_000  # objects that a search looks at

# asyncio's event loop policy knows all of its child processes.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.14 on; it goes in 3.16
    _POLICY: type = getattr(asyncio, "AbstractEventLoopPolicy", type)

# A search does not look into these: from them, everything can be reached.
_TOO_WIDE = (asyncio.AbstractEventLoop, Context, ModuleType, TracebackType, _POLICY, type)
_TOO_WIDE_FROM = ("_pytest.", "pluggy.", RUN_OF_TRIO, "awaits.testing.")


def reachable(roots: Iterable[object], wanted: Iterable[object]) -> set[int]:
    """Return the ids of the wanted objects that can be reached.

    Args:
        roots: Where to begin.
        wanted: What is looked for.
    """
    missing = {id(it) for it in wanted}
    found: set[int] = set()
    queue = list(roots)
    seen = {id(it) for it in queue}
    while queue and missing and len(seen) < MOST:
        it = queue.pop()
        if id(it) in missing:
            missing.discard(id(it))
            found.add(id(it))
        if issubclass(type(it), _TOO_WIDE) or _name(it).startswith(_TOO_WIDE_FROM):
            continue
        following: list[object] = (
            [it.__closure__, it.__defaults__] if type(it) is FunctionType else gc.get_referents(it)
        )
        for other in following:
            if id(other) not in seen:
                seen.add(id(other))
                queue.append(other)
    return found


def _name(it: object) -> str:
    return f"{type(it).__module__}.{type(it).__qualname__}"
