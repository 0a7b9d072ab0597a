"""What a test has made, and which of it is still open."""

# pyright: reportPrivateUsage=false

import asyncio
import contextlib
import dis
import glob
import sys
import weakref
from asyncio import all_tasks, current_task, get_running_loop, sleep
from collections.abc import AsyncGenerator, Callable, Container, Coroutine, Iterable, Iterator
from gc import collect
from socket import socket
from subprocess import Popen
from threading import Event, Thread, current_thread
from types import AsyncGeneratorType, CodeType, CoroutineType
from typing import Any, NamedTuple, ParamSpec
from weakref import WeakKeyDictionary

from anyio.lowlevel import checkpoint

from awaits.testing import backends
from awaits.testing.deadlock import file_and_line, frames_of, place
from awaits.testing.leftovers.makers import of_older_pools, owner, pending, watched
from awaits.testing.leftovers.owners import reachable
from awaits.testing.leftovers.places import (
    Origin,
    Stand,
    is_inside,
    is_kept_for_later,
    is_of_a_server,
    is_the_users,
    origin_here,
    place_in,
    stand,
)
from awaits.testing.leftovers.processes import command_of, is_anyios_worker, is_running
from awaits.testing.loops import adapter_here, real
from awaits.testing.loops.stacks import frames, is_at_rest
from awaits.testing.loops.standing import title

P = ParamSpec("P")

TURNS = 5  # of asyncio's event loop, which closes a socket some turns after it was told to
TURNS_OF_SERVERS = 20  # in which one may see that its client has gone, and close its own socket
TURNS_OF_TASKS = 100  # in which tasks of a test that was cut off may clean up
# The threads that asyncio, anyio and trio keep for later work.
KEPT = ("asyncio_", "uvloop_", "AnyIO worker", "Trio thread")
WAITS_FOR_A_PROCESS = "asyncio-waitpid-"  # how asyncio calls a thread that does
# One in which asyncio's servers take a connection: nobody else knows it, or can wait for it.
ACCEPTS = "BaseSelectorEventLoop._accept_connection2"
PUSHES = "PUSH_EXC_INFO"  # how the code begins that an error in a `try` or a `with` leads to
SECONDS = 1.0  # real ones, for threads and processes that are about to end


class Leftover(NamedTuple):
    """Something that is still open."""

    it: object  # None if it is gone, and nobody can close it any more
    what: str
    origin: Origin

    def __str__(self) -> str:
        # Python tells of a generator only when it is first iterated.
        is_generator = self.what.startswith("async generator ")
        return f"{self.what}{self.origin.told('begun' if is_generator else 'made')}"

    @property
    def pattern(self) -> str:
        """A pattern, as for file names, that fits this line and those of its like."""
        kind, where = self.what.split()[0], self.origin.place
        if kind in ("thread", "socket", "file"):  # their names are other ones in each run
            return f"{kind} *, in {glob.escape(where.code.co_qualname)}" if where else f"{kind} *"
        return glob.escape(self.what.partition(", ")[0]) + "*"


class Watch:
    """Runs a test's body, and knows what it leaves behind.

    Args:
        code: The code of the body.
        stays: Origins of what the test leaves behind anyway, for which it is useless to wait.
        let_go: Drops what is kept of the errors that were logged, and with it all their frames.
    """

    def __init__(
        self,
        code: CodeType | None,
        stays: Container[tuple[object, ...]] = frozenset(),
        *,
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        self._code = code
        self._stays = stays
        self._let_go = let_go
        self._origins: WeakKeyDictionary[Any, Origin] = WeakKeyDictionary()
        self._kept: weakref.WeakSet[object] = weakref.WeakSet()  # by anyio, for later work
        self._handlers: weakref.WeakSet[object] = weakref.WeakSet()  # tasks of asyncio's servers
        # Python clears all weak references to a generator before it reports that it is dropped.
        self._generators: dict[int, Origin] = {}  # by identity
        self._to_be_closed: weakref.WeakSet[object] = weakref.WeakSet()  # by the event loop
        self._dropped: list[Leftover] = []
        # Those that a dropped one held as the body ended. Something else may hold them as well.
        self._perhaps: list[weakref.ref[AsyncGeneratorType[object, object]]] = []
        # Tasks and generators that were open when the body ended, described as they were then.
        self._at_the_end: list[Leftover] = []
        self._held: list[object] = []
        self.has_been_cut: bool = False
        """Whether the test was cancelled."""
        self.stands: list[Stand] = []
        """Where the test stood when it was cancelled, the outermost function first."""
        self._coroutine: object = None
        self._to_be_cut: set[weakref.ref[object]] = set()  # the tasks that had not ended then
        self._cut_off: set[weakref.ref[object]] = set()  # those of them that the cancellation ended
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None  # asyncio's, of the test

    async def run(
        self,
        body: Callable[P, Coroutine[object, object, object]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Run the body. After that, call `settle`, and ask what is `left`."""
        __tracebackhide__ = True
        with contextlib.suppress(ValueError):
            # The import of the adapter adds to `POOLS` where its idle threads stand. Mostly, the
            # plugin has imported it before any fixture could replace what imports use.
            adapter_here()
        with watched(self, _is_dropped_here):
            if backends.running() != "trio":
                self._loop = get_running_loop()
            self._coroutine = body(*args, **kwargs)
            await self._coroutine
            self.look()

    def look(self) -> None:
        """See which tasks and generators there are, now that the body has ended."""
        self._at_the_end = list(self._tasks_and_generators())
        for task in self._to_be_cut - {weakref.ref(it) for it in self._open_tasks()}:
            if not asyncio.isfuture(task()):  # trio does not tell who was cancelled
                self._cut_off.add(task)
        self._to_be_cut.clear()  # from now on, tasks are cancelled because the event loop closes

    def is_cut(self) -> None:
        """Note where the test stands as it is cancelled, and which tasks have not ended."""
        self.has_been_cut = True
        self.stands = [stand(it) for it in frames_of(self._coroutine)]
        for task in self._open_tasks():
            self._to_be_cut.add(weakref.ref(task))
            if asyncio.isfuture(task):
                task.add_done_callback(self._ends)

    def was_cut_off(self, maker: "weakref.ref[object]") -> bool:
        """Tell whether a task of the test was cancelled with it, and has ended."""
        return maker in self._cut_off

    def _ends(self, task: asyncio.Future[object]) -> None:
        if task.cancelled() and weakref.ref(task) in self._to_be_cut:
            self._cut_off.add(weakref.ref(task))

    def _made(self) -> list[Any]:
        """Return what was made. It is copied at once, because threads of the test may make more."""
        return [it for known in self._origins.keyrefs() if (it := known()) is not None]

    def _open_tasks(self) -> list[object]:
        return [it for it in self._made() if _kind(it) == "task" and is_open(it)]

    def hold(self) -> None:
        """Keep what is open alive until it is judged: only a reference cycle may hold it."""
        self._held = [it for it in self._made() if is_open(it)]

    async def settle(self) -> None:
        """Let asyncio close the sockets that it was told to close, and end the test's own tasks.

        A pool of threads that a call has raised in is freed a turn after that, with the error.

        The task in which a server handles a connection ends some turns after its client. Where a
        test is cancelled in `asyncio.gather`, that ends with the first task that does. The others
        have been cancelled, too, and may take some more turns.
        """
        with contextlib.suppress(ValueError):  # the kit does not fit
            adapter_here().stop_steering()  # or the order may delay what is about to end
        is_trio = backends.running() == "trio"
        for _ in range(TURNS if self._perhaps else 0):
            await (checkpoint() if is_trio else sleep(0))  # dropped generators are closed
        self._at_the_end += self._still_held()
        if is_trio:  # it closes at once, and waits for its tasks
            return
        turns = TURNS_OF_SERVERS if any(map(is_open, self._handlers)) else TURNS
        for turn in range(TURNS_OF_TASKS):
            made = [it for it in self._made() if is_open(it)]
            closes = turn < turns and any(
                _kind(it) in ("socket", "thread") or it in self._handlers for it in made
            )
            ends = self.has_been_cut and any(
                _was_cancelled(it) and self._origins[it].is_direct for it in made
            )
            if not (closes or ends):
                break
            await sleep(0)
        self._at_the_end = [
            it for it in self._at_the_end if it.it not in self._handlers or is_open(it.it)
        ]

    def waits_in_the_test(self) -> bool:
        """Tell whether the test waits in its own function, and not in the program."""
        own = [it.f_code for it in frames_of(self._coroutine) if is_the_users(it)]
        return (
            bool(own)
            and self._code is not None
            and (own[-1] is self._code or is_inside(own[-1], self._code))
        )

    def left(self, *, in_its_loop: bool) -> list[Leftover]:
        """Return what is left.

        Args:
            in_its_loop: Whether only the body has ended; otherwise its fixtures have ended, too,
                and what they closed does not count.
        """
        if not in_its_loop:
            pending.discard(self)
            if not self._is_closing:
                self._forget_what_ended()
        return [*self._at_the_end, *self._threads_and_files(), *self._dropped]

    # What `makers` calls.

    def made(self, it: object) -> None:
        """Take note of what is being made."""
        if _kind(it) is None:
            return
        if is_kept_for_later() or _ends_by_itself(it):
            self._kept.add(it)
            return
        if _kind(it) == "task" and is_of_a_server():
            self._handlers.add(it)
        origin = origin_here(self._code)
        maker = None if origin.line else _current_task()
        made = None if maker is None else self._origins.get(maker)
        if maker is not None and made is not None:  # a task of the test's
            where = origin.place or made.place
            is_of_its_task = not origin.place
            origin = made._replace(
                place=where,
                is_of_its_task=is_of_its_task,
                root=origin.root,
                maker=_hashable(weakref.ref(maker)),
            )
        with contextlib.suppress(TypeError):  # one of a class of the user's may be no key
            self._origins[it] = origin
        if isinstance(it, AsyncGeneratorType):
            self._generators[id(it)] = origin

    def dropped(self, it: object) -> bool:
        """Note that nobody can close an open object any more; tell whether the test made it."""
        if isinstance(it, CoroutineType):
            what = f"coroutine {it.__qualname__}, never awaited{_made_at(it)}"
            self._dropped.append(Leftover(None, what, Origin(None, 0)))
            return True
        with contextlib.suppress(TypeError):  # not all can be keys
            origin = self._generators.get(id(it)) or self._origins.get(it)
            if isinstance(it, Popen):  # `subprocess` keeps it as long as it runs
                return origin is not None
            if origin is not None and not (self.has_been_cut and _needs_no_closing(it)):
                self._dropped.append(Leftover(None, _what(it), origin))
                return True
        return False

    def will_close(self, generator: AsyncGenerator[object, object]) -> None:
        """Note that the event loop closes a generator, and drops what only that one holds."""
        self._to_be_closed.add(generator)

    def loop_closes(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look once more, because the event loop is about to cancel what is left."""
        if loop is self._loop and not self._is_closing:
            self._forget_what_ended()
            self._is_closing = True

    # What is open.

    def _forget_what_ended(self) -> None:
        self._at_the_end = [it for it in self._at_the_end if it.it is None or is_open(it.it)]

    def _tasks_and_generators(self) -> Iterator[Leftover]:
        made = [it for it in self._made() if _kind(it) in ("task", "async generator")]
        made += (
            it for it in _eager_tasks(self) if it not in self._origins and it not in self._kept
        )
        generators = [it for it in made if isinstance(it, AsyncGeneratorType)]
        held = reachable(self._to_be_closed, generators) if self._to_be_closed else set()
        self._perhaps = [weakref.ref(it) for it in generators if id(it) in held]
        for it in made:
            if id(it) in held or (self.has_been_cut and _needs_no_closing(it)):
                continue
            what = _what(it) if is_open(it) else ""
            if what and ACCEPTS not in what:
                origin = self._origins.get(it)
                what += _made_at(_coroutine(it)) if origin is None else ""
                yield Leftover(it, what, origin or Origin(None, 0))

    def _still_held(self) -> Iterator[Leftover]:
        """Yield the generators that a dropped one held, and that are open though it was closed."""
        if any(map(is_open, self._to_be_closed)):
            return  # it takes its time
        for it in self._perhaps:
            generator = it()
            if generator is not None and is_open(generator):
                yield Leftover(generator, _what(generator), self._origins[generator])

    def _threads_and_files(self) -> Iterator[Leftover]:
        if threads := list(self._threads()):
            # A pool ends its threads when nobody holds it any more. What holds it may be an error
            # that was logged, or a reference cycle.
            self._let_go()
            collect()
        until = real.seconds() + SECONDS
        for it in [*threads, *self._processes()]:
            _wait_for_end(it, until)
        for it in self._made():
            if _kind(it) in ("thread", "process", "socket", "file") and is_open(it):
                yield Leftover(it, _what(it), self._origins[it])

    def _threads(self) -> Iterator[Thread]:
        """Yield the threads that should end."""
        for it in self._made():
            stays = self._origins[it][:2] in self._stays
            if isinstance(it, Thread) and it is not current_thread() and is_open(it) and not stays:
                yield it

    def _processes(self) -> Iterator[object]:
        """Yield the processes that should end."""
        for it in self._made():
            origin = self._origins[it]
            is_the_tests = self.has_been_cut and origin.is_direct
            if isinstance(it, Popen) and not (is_the_tests or origin[:2] in self._stays):
                yield it


def _ends_by_itself(it: object) -> bool:
    """Tell whether something is a process of anyio's pool, or a thread that waits for a process."""
    if isinstance(it, Thread):
        return it.name.startswith(WAITS_FOR_A_PROCESS)
    return isinstance(it, Popen) and is_anyios_worker(it)


def _hashable(task: "weakref.ref[object]") -> "weakref.ref[object]":
    hash(task)  # now, because it cannot be computed once the task is gone
    return task


def _is_dropped_here(_generator: object) -> bool:
    """Tell whether a generator is dropped because the body of a test has returned."""
    return sys._getframe(2).f_code is Watch.run.__code__


def _current_task() -> object:
    if (task := backends.trio_task()) is not None:
        return task
    with contextlib.suppress(RuntimeError):
        return current_task()
    return None


def _eager_tasks(watch: Watch) -> Iterator[object]:
    """Yield the tasks of the event loop that belong to a test, as their contexts say."""
    with contextlib.suppress(RuntimeError):
        for task in all_tasks():
            context = getattr(task, "get_context", None)  # new in Python 3.12, as are eager tasks
            if context and task is not current_task() and context().get(owner) is watch:
                yield task


def _kind(it: object) -> str | None:
    """Return what something is; `None` if it is nothing that can be left open."""
    trio = sys.modules.get("trio")
    match it:
        case _ if asyncio.isfuture(it):  # asyncio.Task may be patched
            return "task"
        case _ if trio is not None and isinstance(it, trio.lowlevel.Task):
            return "task"
        case AsyncGeneratorType():
            return "async generator"
        case Thread():
            return "thread"
        case Popen():
            return "process"
        case socket():
            return "socket"
        case _ if hasattr(it, "fileno") and hasattr(it, "closed"):
            return "file"
        case _:
            return None  # what a task factory may return


def _needs_no_closing(it: object) -> bool:
    """Tell whether something is an async generator that has nothing to do at its end.

    Its function has neither `try` nor `with`: these push an error.
    """
    return (
        isinstance(it, AsyncGeneratorType)
        and PUSHES in dis.opmap
        and all(instruction.opname != PUSHES for instruction in dis.get_instructions(it.ag_code))
    )


def is_open(it: Any) -> bool:  # noqa: ANN401 see `_kind`
    """Tell whether something that a test has made is still open, or at work."""
    match _kind(it):
        case "async generator":
            return it.ag_frame is not None
        case "thread":
            return _is_at_work(it)
        case "process":
            return is_running(it)
        case "socket":
            return bool(it.fileno() != -1)
        case "file":
            return not it.closed
        case _ if asyncio.isfuture(it):
            # asyncio closes a dropped generator in a task of its own.
            return not it.done() and not _coroutine_name(it).startswith("async_generator_athrow")
        case _:
            nursery = it.parent_nursery
            return nursery is not None and it in nursery.child_tasks


def _wait_for_end(it: object, until: float) -> None:
    """Wait for the end of a thread or a process, until some instant at the latest."""
    never = Event()  # `time.sleep` may be patched
    while is_open(it) and real.seconds() < until:
        never.wait(0.01)


def _is_at_work(thread: Thread) -> bool:
    """Tell whether a thread runs, and is not one that somebody else keeps for later work."""
    if not thread.is_alive():
        return False
    is_kept = thread.name.startswith(KEPT) or thread in of_older_pools
    return not (is_kept and is_at_rest(frames().get(thread.ident or 0)))


def _coroutine(task: Any) -> Any:  # noqa: ANN401 of either event loop
    return task.get_coro() if hasattr(task, "get_coro") else getattr(task, "coro", None)


def _made_at(coroutine: object) -> str:
    """Return where a coroutine was made, which Python notes of those that no hook knows."""
    mock = getattr(sys.modules.get("unittest.mock"), "__file__", None)
    places: Iterable[tuple[str, int, str]] = getattr(coroutine, "cr_origin", None) or ()
    where = next((it for it in places if it[0] != mock), None)
    return f", made at {file_and_line(where[0], where[1])}, in {where[2]}" if where else ""


def _coroutine_name(task: object) -> str:
    return type(_coroutine(task)).__name__


def _what(it: Any) -> str:  # noqa: ANN401 see `_kind`
    match kind := _kind(it):
        case "async generator":
            where = file_and_line(it.ag_frame.f_code.co_filename, it.ag_frame.f_lineno)
            return f"{kind} {it.__qualname__}, at {where}"
        case "thread":
            stands = place_in(frames().get(it.ident or 0))
            return f"{kind} {it.name}{f', at {stands.file_and_line}' if stands else ''}"
        case "process":
            return f"{kind} {command_of(it)}"
        case "socket":
            with contextlib.suppress(OSError):
                if name := it.getsockname():
                    return f"{kind} {name}"
            return kind
        case "file":
            return f"{kind} {getattr(it, 'name', it)!r}"
        case _:
            coroutine = _coroutine(it)
            stands = place(coroutine)
            named = it.get_name() if hasattr(it, "get_name") else getattr(it, "name", "None")
            name = title(named, stands, coroutine)
            # asyncio's `cancel` only asks a task to end; trio does not tell.
            cancelled = ", cancelled but not awaited" if _was_cancelled(it) else ""
            where = f", waiting at {stands.file_and_line}" if stands else ""
            return f"{kind} {name}{cancelled}{where}"


def _was_cancelled(task: object) -> bool:
    # `asyncio.Task` may be patched, and trio does not tell.
    return asyncio.isfuture(task) and bool(getattr(task, "cancelling", int)())
