"""What virtual time does not wait for: processes, and threads that nobody counts."""

# pyright: reportPrivateUsage=false

import contextlib
import functools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from awaits.testing.leftovers import makers
from awaits.testing.leftovers.places import Origin, is_the_users, origin_here, place_in
from awaits.testing.leftovers.processes import command_of, is_running
from awaits.testing.leftovers.watch import WAITS_FOR_A_PROCESS
from awaits.testing.loops.stacks import at_work

# Errors that are raised when time runs ahead: classes with this in their names, and these.
_TIMEOUT = "timeout"
_OTHERS = {"BrokenProcessPool", "BrokenWorkerProcess", "TooSlowError"}

_ADVICE = (
    "If the test waits for one of them, have time wait for so many real seconds of quiet before "
    "each move: @pytest.mark.virtual_time(idle=0.5), or --virtual-time-idle=0.5."
)


class Outside:
    """Knows the processes and threads beside a test in virtual time."""

    def __init__(self) -> None:
        self._processes: WeakKeyDictionary[subprocess.Popen[Any], Origin] = WeakKeyDictionary()
        self._started: list[str] = []  # the processes of this test
        self._threads: dict[threading.Thread, Origin] = {}  # that this test has started
        self._original: Callable[..., None] = subprocess.Popen.__init__
        self._original_start: Callable[[threading.Thread], None] = threading.Thread.start
        original, started, threads = self._original, self._start, self._threads
        original_start = self._original_start

        @functools.wraps(original)
        def init(self: subprocess.Popen[Any], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 Popen's
            original(self, *args, **kwargs)
            started(self)

        @functools.wraps(original_start)
        def start(self: threading.Thread) -> None:
            original_start(self)
            # Time waits for the workers that asyncio, anyio, trio and Python's pools start.
            caller = _caller()
            if caller is not None and is_the_users(caller):
                threads[self] = origin_here(None)

        setattr(subprocess.Popen, "__init__", init)  # noqa: B010 mypy minds an assignment
        setattr(threading.Thread, "start", start)  # noqa: B010
        self._noticing = init, start
        makers.known += self._noticing

    def close(self) -> None:
        """Stop noticing new processes and threads."""
        setattr(subprocess.Popen, "__init__", self._original)  # noqa: B010 see above
        setattr(threading.Thread, "start", self._original_start)  # noqa: B010
        for it in self._noticing:
            makers.known.remove(it)

    def begin(self) -> None:
        """Begin a test."""
        self._started.clear()
        self._threads.clear()

    def _start(self, process: subprocess.Popen[Any]) -> None:
        origin = origin_here(None)
        with contextlib.suppress(TypeError):  # one of a class of the user's may be no key
            self._processes[process] = origin
        self._started.append(_say(process, origin))

    def hint(self, error: BaseException, now: float) -> str | None:
        """Return a hint for a failure that may come from what virtual time does not wait for.

        Args:
            error: What a test raised.
            now: The virtual time when it did.
        """
        if not now or not (self._threads or any(map(is_timeout, all_of(error)))):
            return None
        ended = (
            f"thread {it.name}{self._threads[it]}" for it in self._threads if not it.is_alive()
        )
        beside = dict.fromkeys([*self._started, *self._running(), *ended, *_threads()])
        if not beside:
            return None
        lines = [
            f"Time moved to {now:g} s, and did not wait for what is outside of the event loop:",
            *(f"  {it}" for it in beside),
            _ADVICE,
        ]
        return "\n".join(lines)

    def _running(self) -> Iterator[str]:
        for process, origin in list(self._processes.items()):
            if is_running(process):
                yield _say(process, origin)
        if "multiprocessing.process" in sys.modules:
            for child in sys.modules["multiprocessing.process"].active_children():
                yield f"process {child.name}"


def _caller() -> FrameType | None:
    """Return the frame that starts a thread; `--no-leftovers` has a `Thread.start`, too."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in (__name__, makers.__name__):
        frame = frame.f_back
    return frame


def _say(process: subprocess.Popen[Any], origin: Origin) -> str:
    return f"process {command_of(process)}{origin}"


def _threads() -> Iterator[str]:
    for thread, frame in at_work():
        if thread.name.startswith(WAITS_FOR_A_PROCESS):
            continue
        place = place_in(frame)
        yield f"thread {thread.name}{f', at {place}' if place else ''}"


def is_timeout(error: BaseException) -> bool:
    """Tell whether an error may come because time ran ahead, by the names of its classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return not names.isdisjoint(_OTHERS) or any(_TIMEOUT in name.lower() for name in names)


def all_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, those in its groups, and their causes."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        it = queue.pop()
        if it is None or id(it) in seen:
            continue
        seen.add(id(it))
        yield it
        queue += [it.__cause__, it.__context__]
        if isinstance(it, BaseExceptionGroup):
            queue += it.exceptions
