"""The deadlock: nothing in the event loop can ever run again. Who waits, and where?"""

import gc
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, FrameType

# A task waits in these, but it is the line that called them which tells why.
_STEPPED = (AsyncGeneratorType, CoroutineType)
_LIBRARIES = ("anyio.", "asyncio.", "awaits.testing.", "contextlib.", "outcome.", "trio.")


class DeadlockError(Exception):
    """Nothing in the event loop can ever run again; the message lists what waits, and where."""


def deadlock(main: object, others: Iterable[tuple[str, object]], now: float) -> DeadlockError:
    """Return the error that tells which tasks wait, and where.

    Args:
        main: The coroutine of the main task.
        others: The name and the coroutine of each other task.
        now: The virtual time, in seconds.
    """
    tasks = ("the main task", main), *sorted(others, key=lambda task: task[0])
    lines = (f"\n  {name} waits{_place(coroutine)}" for name, coroutine in tasks)
    return DeadlockError(f"At {now} s, nothing can ever run again:{''.join(lines)}")


def _place(coroutine: object) -> str:
    """Tell where a coroutine waits: its innermost line outside of the event loop's libraries."""
    ours = [it for it in _frames(coroutine) if not _module(it).startswith(_LIBRARIES)]
    if not ours:
        return ""
    path, code = Path(ours[-1].f_code.co_filename), ours[-1].f_code
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f" at {path}:{ours[-1].f_lineno}, in {code.co_qualname}"


def _module(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__')}."


def _frames(awaitable: object) -> Iterator[FrameType]:
    """Follow what a coroutine awaits, from the outside in."""
    while awaitable is not None:
        kind = next(
            (kind for kind in ("cr", "gi", "ag") if hasattr(awaitable, f"{kind}_frame")), ""
        )
        frame: object = getattr(awaitable, f"{kind}_frame", None)
        if isinstance(frame, FrameType):
            yield frame
        if kind:
            awaitable = getattr(awaitable, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
        elif type(awaitable).__name__.startswith(("async_generator_", "anext_", "coroutine_")):
            # These steps keep what they stand for to themselves (python/cpython#76991).
            inside: list[object] = gc.get_referents(awaitable)
            awaitable = next((it for it in inside if isinstance(it, _STEPPED)), None)
        else:
            return
