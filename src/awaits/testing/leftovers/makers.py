"""Notices which test makes tasks, generators, threads, processes, sockets and files.

A context variable says which test the running code belongs to. Tasks and worker threads inherit it,
so what a fixture's server makes meanwhile does not count as the test's.

Private names, read in CPython 3.11.7, which tests/testing/loops/test_private_names.py watches:
`warnings._showwarnmsg`, which Python calls with the warning that something was never closed or
awaited. The public `warnings.showwarning` does not get the object itself. And the `_loop` of an
`asyncio.Runner`: its `get_loop` makes one if there is none, and raises if it is closed.
"""

# pyright: reportPrivateUsage=false

import asyncio
import builtins
import contextlib
import functools
import gc
import io
import re
import sys
import warnings
from asyncio import Runner, get_running_loop
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from socket import socket
from subprocess import Popen
from threading import Thread, get_ident
from types import AsyncGeneratorType, CoroutineType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast
from weakref import WeakKeyDictionary, WeakSet, ref

from awaits.testing import backends
from awaits.testing.loops.factory import made_by_factory
from awaits.testing.loops.fence import check_names

if TYPE_CHECKING:
    import trio

check_names("Python", {warnings: ["_showwarnmsg"], Runner: ["_loop"]})


class Owner(Protocol):
    """A test, as the owner of what it makes."""

    def made(self, it: object) -> None:
        """Take note of what is being made."""
        ...

    def dropped(self, it: object) -> bool:
        """Note that nobody can close an open object any more; tell whether the test made it."""
        ...

    def will_close(self, generator: AsyncGenerator[object, object]) -> None:
        """Note that the event loop is about to close a generator that was dropped."""
        ...

    def loop_closes(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at what is open, before the event loop cancels it."""
        ...


owner: ContextVar[Owner | None] = ContextVar("owner", default=None)
"""The test that the running code belongs to."""

known: list[object] = [
    *(Thread.start, ThreadPoolExecutor.__init__, Popen.__init__, socket.__init__),
    *(builtins.open, io.open, Runner.close),
]
"""What may be replaced here. Where there is anything else, a fixture has put it there."""

_started_by_tests: "WeakKeyDictionary[Thread, Owner]" = WeakKeyDictionary()
_made_pools: "WeakKeyDictionary[ThreadPoolExecutor, ref[Owner]]" = WeakKeyDictionary()
of_older_pools: WeakSet[Thread] = WeakSet()
"""The threads of executors that are older than the test that gave them work."""
_watching: list[Owner] = []
pending: "set[Owner]" = set()
"""The tests whose bodies have ended, and whose fixtures have not."""


def _note(it: object) -> None:
    who = _owner_here()
    if who is not None:
        who.made(it)


def _owner_here() -> "Owner | None":
    """Return the test that the running code belongs to, also in a thread that the test started."""
    who = owner.get()
    if who is None and _started_by_tests:
        # `threading.current_thread` would make an object for a thread that has none.
        ident = get_ident()
        for started in _started_by_tests.keyrefs():  # copied at once: other threads start more
            thread = started()
            if thread is not None and thread.ident == ident and thread.is_alive():
                return _started_by_tests.get(thread)
    return who


class _Open:
    """`open`, which notes files. Unlike a function, it does not become a method in a class."""

    def __init__(self, original: Callable[..., object]) -> None:
        self._original = original
        self.__name__ = "open"  # a mock has none
        functools.update_wrapper(self, original)

    def __call__(self, *args: object, **kwargs: object) -> object:
        file = self._original(*args, **kwargs)
        if kwargs.get("closefd", True):
            _note(file)
        return file


@contextlib.contextmanager
def patched() -> Generator[None]:
    """Notice threads, processes, sockets, files and unawaited coroutines; change nothing else."""
    with contextlib.ExitStack() as stack:
        for kind in (Popen, socket):
            stack.enter_context(_noted(kind))
        for patch in (_threads, _pools, _files, _shown_warnings, _closed_loops):
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
        if getattr(holder, name) is value:  # a fixture may have put back what was there before
            setattr(holder, name, original)


@contextlib.contextmanager
def _replaced_if_known(holder: object, name: str, value: object) -> Generator[None]:
    """Replace something in the block, unless a fixture has: the test may ask what that was told."""
    if not any(it is getattr(holder, name) for it in known):
        yield
        return
    known.append(value)  # another block may be inside this one
    try:
        with _replaced(holder, name, value):
            yield
    finally:
        known.remove(value)


def _threads() -> contextlib.AbstractContextManager[None]:
    original = Thread.start

    @functools.wraps(original)
    def start(self: Thread) -> None:
        who = _owner_here()
        if who is not None:
            who.made(self)
            pool = sys._getframe(1).f_locals.get("self")
            if isinstance(pool, ThreadPoolExecutor) and _made_pools.get(pool) != ref(who):
                of_older_pools.add(self)
            _started_by_tests[self] = who
        original(self)

    return _replaced_if_known(Thread, "start", start)


def _pools() -> contextlib.AbstractContextManager[None]:
    original = ThreadPoolExecutor.__init__

    @functools.wraps(original)
    def init(self: ThreadPoolExecutor, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 its own
        original(self, *args, **kwargs)
        who = owner.get()
        if who is not None:
            _made_pools[self] = ref(who)

    return _replaced_if_known(ThreadPoolExecutor, "__init__", init)


def _noted(kind: type) -> contextlib.AbstractContextManager[None]:
    """Note each object of a class."""
    original: Callable[..., None] = vars(kind)["__init__"]

    @functools.wraps(original)
    def init(self: object, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 its own
        original(self, *args, **kwargs)
        _note(self)

    return _replaced_if_known(kind, "__init__", init)


@contextlib.contextmanager
def _files() -> Generator[None]:
    for_builtins = _Open(builtins.open)
    for_io = for_builtins if io.open is builtins.open else _Open(io.open)
    with _replaced_if_known(builtins, "open", for_builtins), _replaced_if_known(io, "open", for_io):
        yield


def _closed_loops() -> contextlib.AbstractContextManager[None]:
    original = Runner.close

    @functools.wraps(original)
    def close(self: Runner) -> None:
        loop: asyncio.AbstractEventLoop | None = vars(self).get("_loop")
        if loop is not None:  # it has one, and is not closed yet
            for who in pending:
                who.loop_closes(loop)
        original(self)

    return _replaced_if_known(Runner, "close", close)


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
        if issubclass(message.category, ResourceWarning) and _blocks and _blocks[-1].is_in_use():
            action = _blocks[-1].action(message)
            if action == "error" and not is_known:
                raise cast("Warning", message.message)
            if action in ("error", "ignore"):
                return
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


class _Filter(NamedTuple):
    """A filter of Python's `warnings`."""

    action: str
    message: re.Pattern[str] | None
    category: type[Warning] | tuple[type[Warning], ...]
    module: re.Pattern[str] | None
    line: int


class _Block:
    """A block in which each `ResourceWarning` is shown to us, whatever the user's filters say."""

    def __init__(self) -> None:
        self._users: list[_Filter] = [_Filter(*it) for it in warnings.filters]
        warnings.simplefilter("always", ResourceWarning)
        self._ours: object = warnings.filters[0]

    def is_in_use(self) -> bool:
        """Tell whether the test has put no filter in front of ours since, not even an equal one."""
        return bool(warnings.filters) and warnings.filters[0] is self._ours

    def action(self, message: warnings.WarningMessage) -> str:
        """Return what the user's filters would do with a warning."""
        text, module = str(message.message), _module_of(message)
        for it in self._users:
            if (
                issubclass(message.category, it.category)
                and (it.message is None or it.message.match(text))
                and (it.module is None or it.module.match(module))
                and it.line in (0, message.lineno)
            ):
                return it.action
        return "default"


def _module_of(message: warnings.WarningMessage) -> str:
    """Return the module that a warning is said to come from; it is still in the stack."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == message.filename:
            return str(frame.f_globals.get("__name__"))
        frame = frame.f_back
    return message.filename.removesuffix(".py")  # as `warnings.warn_explicit` does


_blocks: list[_Block] = []


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
    if who in _watching:
        yield
        return
    _watching.append(who)
    try:
        if not any(
            it[0] in ("error", "ignore") and issubclass(ResourceWarning, it[2])
            for it in warnings.filters
        ):
            yield
            return
        with warnings.catch_warnings():
            _blocks.append(_Block())
            try:
                yield
            finally:
                _blocks.pop()
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
        who.will_close(generator)
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
    loop = get_running_loop()
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
            made_by_factory(coroutine, loop, **kwargs)
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
