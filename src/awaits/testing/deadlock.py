"""Deadlocks and livelocks: their errors, and where in the user's code each task stands."""

import contextlib
import functools
import gc
from collections.abc import Iterable, Iterator
from os import getcwd  # a test may replace it, such as blockbuster: this runs in event loops
from pathlib import Path
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import NamedTuple, TypeAlias, TypeVar

# What anyio's task groups put around what they run, and the kit around a task that it cancels.
_OF_TASK_GROUPS = {"run_coro_with_task_status", "_run_coro", "_in_scope", "_natively"}


class DeadlockError(Exception):
    """Nothing in the event loop can ever run again; the message lists what waits, and where."""

    __module__ = "awaits.testing"  # as tracebacks and reports call it

    instant: float = 0.0
    """The virtual time at which it was found, in seconds. What is cleaned up may move time on."""


class LivelockError(DeadlockError):
    """Tasks run again and again and time stands still; the message lists which, and where."""

    __module__ = "awaits.testing"


def deadlock(tasks: Iterable[str], now: float) -> DeadlockError:
    """Return the error that tells which tasks wait, and where.

    Args:
        tasks: A line for each task.
        now: The virtual time, in seconds.
    """
    lines = "".join(f"\n  {line}" for line in tasks)
    return _at(now, DeadlockError(f"At {round(now, 9)} s, nothing can ever run again:{lines}"))


def does_not_close(tasks: Iterable[str], now: float) -> DeadlockError:
    """Return the error that tells which tasks go on, though the event loop has cancelled them.

    Args:
        tasks: A line for each task.
        now: The virtual time, in seconds.
    """
    lines = "".join(f"\n  {line}" for line in tasks)
    return _at(
        now,
        DeadlockError(
            f"At {round(now, 9)} s, the event loop closes, but these tasks still run "
            f"after it has cancelled them:{lines}"
        ),
    )


def livelock(
    running: Iterable[tuple[str, object]],
    turns: int,
    now: float,
    *,
    main: object,
    is_cancelled: bool = False,
) -> LivelockError:
    """Return the error that tells which tasks run again and again, and where.

    Args:
        running: The name and the coroutine of each task that can run.
        turns: How many turns of the event loop there have been at one instant.
        now: The virtual time, in seconds.
        main: The coroutine of the main task.
        is_cancelled: Whether a schedule has cancelled something before, which then goes on.
    """
    tasks = (("the main task" if it is main else name, place(it)) for name, it in running)
    lines = sorted(f"\n  {name} runs{f' at {where}' if where else ''}" for name, where in tasks)
    advice = "have it sleep while it waits, or give virtual time more turns"
    if is_cancelled:
        advice = "what is cancelled, and goes on, is cancelled again at each await until it ends"
    return _at(
        now,
        LivelockError(
            f"At {round(now, 9)} s, time has stood still for {turns:,} turns of the event loop, in "
            f"which a task could always run; {advice}:{''.join(lines)}"
        ),
    )


E = TypeVar("E", bound=DeadlockError)


def _at(now: float, error: E) -> E:
    error.instant = now
    return error


# Wrappers and libraries that a task may wait inside of. The line that called them says why it
# waits.
_STEPPED = (AsyncGeneratorType, CoroutineType)
_STEPS = ("async_generator_", "anext_", "coroutine_")
_KINDS = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))
_NOTHING = object()
_LIBRARIES = (
    *("anyio.", "asyncio.", "awaits.testing.", "contextlib.", "outcome.", "trio."),
    *("pytest_asyncio.", "pytest_trio.", "unittest."),  # they run tests, or wrap them
)


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
        return file_and_line(self.code.co_filename, self.line)

    def __str__(self) -> str:
        return f"{self.file_and_line}, in {self.code.co_qualname}"


def file_and_line(path: str, line: int) -> str:
    """Return a place as text, such as `tests/test_it.py:12`."""
    file = Path(path)
    with contextlib.suppress(OSError, ValueError):  # the folder is gone, or the file is elsewhere
        file = file.relative_to(getcwd())  # noqa: PTH109 see the import
    return f"{file}:{line}"


def place(coroutine: object) -> Place | None:
    """Return where in the user's code a coroutine stands.

    Args:
        coroutine: What a task runs.

    Returns:
        `None` if all of it is in libraries that run tasks or tests, or if it has not begun.
    """
    if not _has_begun(coroutine):
        return None
    ours = _frames_of_the_user(coroutine)
    return Place(ours[0].f_code, ours[-1].f_code, ours[-1].f_lineno) if ours else None


def library_of(coroutine: object) -> str:
    """Return the package of a coroutine's code, such as `asyncio`; empty if it has not begun."""
    frames = frames_of(coroutine) if _has_begun(coroutine) else ()
    packages = (str(it.f_globals.get("__name__")).partition(".")[0] for it in frames)
    return next((it for it in packages if it != "awaits"), "")  # which wraps tasks


def _has_begun(coroutine: object) -> bool:
    if type(coroutine) is not CoroutineType:
        return True
    return coroutine.cr_suspended or coroutine.cr_running or coroutine.cr_frame is None


def is_of_a_library(frame: FrameType) -> bool:
    """Tell whether a frame belongs to a library that runs tasks or tests, not to the user."""
    return _is_a_library(str(frame.f_globals.get("__name__")))


@functools.cache  # called at each step of a task
def _is_a_library(module: str) -> bool:
    return f"{module}.".startswith(_LIBRARIES)


def frames_of(coroutine: object) -> Iterator[FrameType]:
    """Return the frames of a coroutine and of what it awaits, the outermost first."""
    return (frame for _, frame in _followed(coroutine) if frame is not None)


def begins_in_a_library(coroutine: object) -> bool:
    """Tell whether a library's own coroutine runs this in a task, and not just a task group."""
    frames = (it for it in frames_of(coroutine) if it.f_code.co_name not in _OF_TASK_GROUPS)
    outermost = next(frames, None)
    return outermost is not None and is_of_a_library(outermost)


def _frames_of_the_user(coroutine: object) -> list[FrameType]:
    frames: list[FrameType] = []
    # A fast path: tasks nearly always await coroutines, and at last a generator of their event
    # loop. This runs at each step of many orders.
    while type(coroutine) is CoroutineType:
        frame: FrameType | None = coroutine.cr_frame
        if frame is None or frame.f_back is not None:
            break
        if not _is_a_library(frame.f_globals.get("__name__")):
            frames.append(frame)
        coroutine = coroutine.cr_await
    if type(coroutine) is GeneratorType:
        last: FrameType | None = coroutine.gi_frame
        if last is not None and last.f_back is None and coroutine.gi_yieldfrom is None:
            return frames if is_of_a_library(last) else [*frames, last]
    for _, found in _followed(coroutine):
        if found is not None and not is_of_a_library(found):
            frames.append(found)
    return frames


def awaited(coroutine: object) -> Iterator[object]:
    """Return a coroutine and what it awaits, the outermost first."""
    return (it for it, _ in _followed(coroutine))


def _followed(coroutine: object) -> Iterator[tuple[object, FrameType | None]]:
    while coroutine is not None:
        for frame_of, awaited_by in _KINDS:
            found: object = getattr(coroutine, frame_of, _NOTHING)
            if found is _NOTHING:
                continue
            frame = found if isinstance(found, FrameType) else None
            yield coroutine, frame
            # Up to Python 3.12, asking a running coroutine what it awaits may crash the process.
            is_suspended = frame is not None and frame.f_back is None
            coroutine = getattr(coroutine, awaited_by) if is_suspended else None
            break
        else:
            if not type(coroutine).__name__.startswith(_STEPS):
                return
            # These wrappers do not say what they wrap (python/cpython#76991).
            inside: list[object] = gc.get_referents(coroutine)
            coroutine = next((it for it in inside if _is_stepped(it)), None)


def _is_stepped(it: object) -> bool:
    """Tell whether this is what a wrapper wraps; that may be a wrapper as well."""
    return isinstance(it, _STEPPED) or type(it).__name__.startswith(_STEPS)


Line: TypeAlias = tuple[CodeType, int]
"""A line of a function."""


def stack(coroutine: object) -> tuple[Line, ...]:
    """Return the lines of the user's code at which a coroutine stands, the outermost first.

    Args:
        coroutine: What a task runs.
    """
    return tuple([(it.f_code, it.f_lineno) for it in _frames_of_the_user(coroutine)])
