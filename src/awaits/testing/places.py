"""Where a coroutine stands: the line of the user's code that it waits in."""

import gc
from collections.abc import Iterator
from pathlib import Path
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType
from typing import NamedTuple

# A task waits in these, but it is the line that called them which tells why.
_STEPPED = (AsyncGeneratorType, CoroutineType)
_LIBRARIES = ("anyio.", "asyncio.", "awaits.testing.", "contextlib.", "outcome.", "trio.")


class Place(NamedTuple):
    """Where a coroutine stands; as text, `tests/test_it.py:12, in reader`."""

    began: CodeType  # the user's outermost function
    code: CodeType  # the user's innermost function
    line: int

    @property
    def function(self) -> str:
        """The name of the user's outermost function."""
        return self.began.co_qualname

    @property
    def file_and_line(self) -> str:
        """Such as `tests/test_it.py:12`."""
        path = Path(self.code.co_filename)
        path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return f"{path}:{self.line}"

    def __str__(self) -> str:
        return f"{self.file_and_line}, in {self.code.co_qualname}"


def place(coroutine: object) -> Place | None:
    """Return where a coroutine stands, outside of the event loops' libraries.

    Args:
        coroutine: What a task runs.

    Returns:
        `None` if all of it is in those libraries.
    """
    ours = [it for it in _frames(coroutine) if not _module(it).startswith(_LIBRARIES)]
    return Place(ours[0].f_code, ours[-1].f_code, ours[-1].f_lineno) if ours else None


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
