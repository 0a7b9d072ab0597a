"""Notices which test makes tasks, generators, threads, sockets and files.

A context variable says which test the running code belongs to. Tasks and worker threads inherit it,
so what a fixture's server makes meanwhile does not count as the test's.

One private name, read in CPython 3.11.7, which tests/testing/loops/test_private_names.py watches:
`warnings._showwarnmsg`, which Python calls with the warning that something was never closed or
awaited. The public `warnings.showwarning` does not get the object itself.
"""

# pyright: reportPrivateUsage=false

import asyncio
import builtins
import contextlib
import gc
import io
import socket
import sys
import threading
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import AsyncGeneratorType, CoroutineType
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakKeyDictionary, WeakSet, ref

from awaits.testing import backends
from awaits.testing.loops.fence import check_names

if TYPE_CHECKING:
    import trio

check_names("Python", {warnings: ["_showwarnmsg"]})


class Owner(Protocol):
    """A test, as the owner of what it makes."""

    def made(self, it: object) -> None:
        """Take note of what is being made."""
        ...

    def dropped(self, it: object) -> bool:
        """Note that nobody can close an open object any more; tell whether the test made it."""
        ...

    def loop_closes(self) -> None:
        """Look at what is open, before the event loop cancels it."""
        ...


owner: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""The test that the running code belongs to."""

_started_by_tests: "dict[int, Owner]" = {}  # by the identity of a thread that a test started
_made_pools: "WeakKeyDictionary[ThreadPoolExecutor, ref[Owner]]" = WeakKeyDictionary()
of_older_pools: WeakSet[threading.Thread] = WeakSet()
"""The threads of executors that are older than the test that gave them work."""
_watching: list[Owner] = []
pending: "set[Owner]" = set()
"""The tests whose bodies have ended, and whose fixtures have not."""


def _note(it: object) -> None:
    who = owner.get() or _started_by_tests.get(threading.get_ident())
    if who is not None:
        who.made(it)


class _Open:
    """`open`, which notes files. Unlike a function, it does not become a method in a class."""

    def __init__(self, original: Callable[..., object]) -> None:
        self._original = original
        self.__doc__ = original.__doc__
        self.__name__ = original.__name__

    def __call__(self, *args: object, **kwargs: object) -> object:
        file = self._original(*args, **kwargs)
        if kwargs.get("closefd", True):
            _note(file)
        return file


@contextlib.contextmanager
def patched() -> Generator[None]:
    """Notice threads, sockets, files and unawaited coroutines, and change nothing else."""
    with contextlib.ExitStack() as stack:
        for patch in (_threads, _pools, _sockets, _files, _shown_warnings, _closed_loops):
            stack.enter_context(patch())
        yield
    _started_by_tests.clear()


@contextlib.contextmanager
def _replaced(holder: object, name: str, value: object) -> Generator[None]:
    original: object = getattr(holder, name)
    setattr(holder, name, value)
    try:
        yield
    finally:
        setattr(holder, name, original)


def _threads() -> contextlib.AbstractContextManager[None]:
    original = threading.Thread.start

    def start(self: threading.Thread) -> None:
        who = owner.get() or _started_by_tests.get(threading.get_ident())
        if who is not None:
            who.made(self)
            pool = sys._getframe(1).f_locals.get("self")
            if isinstance(pool, ThreadPoolExecutor) and _made_pools.get(pool) != ref(who):
                of_older_pools.add(self)
        original(self)
        if who is not None:
            _started_by_tests[self.ident or 0] = who

    return _replaced(threading.Thread, "start", start)


def _pools() -> contextlib.AbstractContextManager[None]:
    original = ThreadPoolExecutor.__init__

    def init(self: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 its own
        original(self, *args, **kwargs)
        who = owner.get()
        if who is not None:
            _made_pools[self] = ref(who)

    return _replaced(ThreadPoolExecutor, "__init__", init)


def _sockets() -> contextlib.AbstractContextManager[None]:
    original = socket.socket.__init__

    def init(self: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 socket's own
        original(self, *args, **kwargs)
        _note(self)

    return _replaced(socket.socket, "__init__", init)


@contextlib.contextmanager
def _files() -> Generator[None]:
    for_builtins, for_io = _Open(builtins.open), _Open(io.open)
    with _replaced(builtins, "open", for_builtins), _replaced(io, "open", for_io):
        yield


def _closed_loops() -> contextlib.AbstractContextManager[None]:
    original = asyncio.Runner.close

    def close(self: asyncio.Runner) -> None:
        for who in pending:
            who.loop_closes()
        original(self)

    return _replaced(asyncio.Runner, "close", close)


@contextlib.contextmanager
def _shown_warnings() -> Generator[None]:
    show: Callable[[warnings.WarningMessage], None] = vars(warnings)["_showwarnmsg"]
    is_collecting = False

    def show_warning(message: warnings.WarningMessage) -> None:
        source: object = message.source
        is_known = False
        if isinstance(source, CoroutineType):
            # What a garbage collection finds may be an earlier test's.
            who = None if is_collecting else owner.get()
            if who is not None:
                who.dropped(cast("object", source))
        elif not isinstance(source, AsyncGeneratorType):  # trio warns of each that is dropped
            for who in _watching:
                is_known |= who.dropped(source)
        if issubclass(message.category, ResourceWarning) and warnings.filters[:1] == [_SHOWS]:
            if _would_be[-1:] == ["error"] and not is_known:
                raise cast("Warning", message.message)
            return  # it would not be shown
        show(message)

    def collects(phase: str, _info: object) -> None:
        nonlocal is_collecting
        is_collecting = phase == "start"

    gc.callbacks.append(collects)
    try:
        with _replaced(warnings, "_showwarnmsg", show_warning):
            yield
    finally:
        gc.callbacks.remove(collects)


# How many callers of what makes a coroutine are noted: a mock's coroutine is made three calls deep.
DEPTH = 4

_SHOWS = ("always", None, ResourceWarning, None, 0)
_would_be: list[str] = []  # the user's action for a `ResourceWarning`, in each block


@contextlib.contextmanager
def watched(
    who: Owner, closes: Callable[[AsyncGenerator[object, object]], bool]
) -> Generator[None]:
    """Notice what is made in the block, which runs in an event loop.

    Args:
        who: The test that the block belongs to.
        closes: Tells of an async generator that is dropped unclosed whether it was in use until the
            test's body returned.
    """
    token = owner.set(who)
    depth = sys.get_coroutine_origin_tracking_depth()
    try:
        with _tasks(), _generators(who, closes), drops_noticed(who):
            sys.set_coroutine_origin_tracking_depth(max(depth, DEPTH))
            yield
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)
        owner.reset(token)


@contextlib.contextmanager
def drops_noticed(who: Owner) -> Generator[None]:
    """In the block, notice what is dropped without being closed."""
    filters = warnings.filters
    action = next((it[0] for it in filters if issubclass(ResourceWarning, it[2])), "default")
    if who in _watching:
        yield
        return
    _watching.append(who)
    try:
        if action not in ("ignore", "error"):
            yield
            return
        _would_be.append(action)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always", ResourceWarning)
                yield
        finally:
            _would_be.pop()
    finally:
        _watching.remove(who)


@contextlib.contextmanager
def _generators(
    who: Owner, closes: Callable[[AsyncGenerator[object, object]], bool]
) -> Generator[None]:
    first, last = sys.get_asyncgen_hooks()

    def first_iterated(generator: AsyncGenerator[object, object]) -> None:
        _note(generator)
        if first is not None:
            first(generator)

    def finalized(generator: AsyncGenerator[object, object]) -> None:
        if closes(generator):
            who.dropped(generator)
        if last is not None:
            last(generator)

    sys.set_asyncgen_hooks(first_iterated, finalized)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(first, last)


def _tasks() -> contextlib.AbstractContextManager[None]:
    return _tasks_of_trio() if backends.running() == "trio" else _tasks_of_asyncio()


@contextlib.contextmanager
def _tasks_of_asyncio() -> Generator[None]:
    loop = asyncio.get_running_loop()
    before: Any = loop.get_task_factory()
    eager: Any = getattr(asyncio, "eager_task_factory", None)
    if eager is not None and getattr(before, "__code__", None) is eager.__code__:
        # anyio checks for this very factory, so it stays. Its tasks are found by their contexts.
        yield
        return

    def factory(
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[object, object, object],
        **kwargs: Any,  # noqa: ANN401 asyncio's own
    ) -> asyncio.Future[object]:
        task: asyncio.Future[object] = (
            asyncio.Task(coroutine, loop=loop, **kwargs)
            if before is None
            else before(loop, coroutine, **kwargs)
        )
        _note(task)
        return task

    loop.set_task_factory(cast("Any", factory))
    try:
        yield
    finally:
        if loop.get_task_factory() is factory:
            loop.set_task_factory(before)


@contextlib.contextmanager
def _tasks_of_trio() -> Generator[None]:
    import trio  # noqa: PLC0415 it runs

    class Spawned(trio.abc.Instrument):
        def task_spawned(self, task: "trio.lowlevel.Task") -> None:
            _note(task)

    instrument = Spawned()
    trio.lowlevel.add_instrument(instrument)
    try:
        yield
    finally:
        trio.lowlevel.remove_instrument(instrument)
