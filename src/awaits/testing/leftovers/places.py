"""Where in the user's code something is made."""

# pyright: reportPrivateUsage=false

import asyncio
import functools
import site
import sys
import sysconfig
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, NamedTuple

import anyio.to_process

from awaits.testing.deadlock import Place, is_of_a_library
from awaits.testing.loops.frames import runs_steps

if TYPE_CHECKING:
    import weakref

_PATHS = sysconfig.get_paths()
_INSTALLED = tuple({_PATHS["purelib"], _PATHS["platlib"], site.getusersitepackages()})
_STANDARD = tuple({_PATHS["stdlib"], _PATHS["platstdlib"]})


of_plugins: set[str] = set()
"""The files of pytest's installed plugins: what their fixtures make is not the program's."""


class Stand(NamedTuple):
    """Where a function stands: what it calls or awaits there."""

    code: CodeType
    line: int
    instruction: int
    """The offset of the instruction: on one line, there may be two calls."""


def stand(frame: FrameType) -> Stand:
    """Return where a function stands, by its frame."""
    return Stand(frame.f_code, frame.f_lineno, frame.f_lasti)


class Origin(NamedTuple):
    """Where something was made."""

    place: Place | None
    """The innermost line of the user's project; if there is none, of a library."""
    line: int
    """The line of the test, in its body or in a function of it; 0 if the test did not make it."""
    is_of_its_task: bool = False
    """Whether `place` is where the task that made it was made, because nothing else is known."""
    root: CodeType | None = None
    """The user's outermost function in the task that made it."""
    maker: "weakref.ref[object] | None" = None
    """The task that made it, if the body of the test did not."""
    stands: tuple[Stand, ...] = ()
    """Where the test stood then: its body first, and then the functions in it."""
    is_direct: bool = False
    """Whether the innermost of them called only Python or an event loop's library to make it."""
    is_of_a_plugin: bool = False
    """Whether the innermost of them called a fixture of an installed plugin to make it."""

    def __str__(self) -> str:
        return self.told("made")

    def told(self, made: str) -> str:
        """Return where something was made, as the report says it; `made` is the word for it."""
        if self.place is None:
            return ""
        return f", {made} {'by a task that was made ' * self.is_of_its_task}at {self.place}"


def _rank(code: CodeType) -> int:
    return _rank_of(code.co_filename)  # equal functions of two files are equal as keys


@functools.cache
def _rank_of(path: str) -> int:
    """Return whose a file is: 2 for the project, 1 for an installed library, 0 for Python."""
    if is_installed(path):
        return 1
    return 0 if path.startswith((*_STANDARD, "<frozen")) else 2


def origin_here(body: CodeType | None) -> Origin:
    """Return where in the user's code something is being made.

    Args:
        body: The test's function.
    """
    frame: FrameType | None = sys._getframe(2)
    inner: list[FrameType] = []  # of functions in the body, the innermost first
    found: Place | None = None
    root: CodeType | None = None
    rank = 0
    is_of_a_plugin = False
    while frame is not None:
        code = frame.f_code
        if code is body:
            stands = tuple([stand(it) for it in (frame, *reversed(inner))])
            is_direct = rank == 0 or (found is not None and found.code is stands[-1].code)
            return Origin(
                found if rank == 2 else _place(frame),
                stands[-1].line,
                stands=stands,
                is_direct=is_direct,
                is_of_a_plugin=is_of_a_plugin,
            )
        if body is not None and is_inside(code, body):
            inner.append(frame)
        is_of_a_plugin = is_of_a_plugin or code.co_filename in of_plugins
        if runs_steps(frame):  # the frames further out did not make it
            break
        if is_the_users(frame):
            root = code
            if _rank(code) > rank:
                found, rank = _place(frame), _rank(code)
        frame = frame.f_back
    return Origin(found, 0, root=root)


def is_kept_for_later() -> bool:
    """Tell whether anyio makes something for its pool of processes, which it keeps for later."""
    return _is_made_in(anyio.to_process.run_sync.__code__)


def is_of_a_server() -> bool:
    """Tell whether a server of asyncio's makes something for a connection that it has taken."""
    return _is_made_in(asyncio.StreamReaderProtocol.connection_made.__code__)


def _is_made_in(code: CodeType) -> bool:
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and not runs_steps(frame):
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def is_installed(path: str) -> bool:
    """Tell whether a file belongs to an installed library."""
    return path.startswith(_INSTALLED)


def is_inside(code: CodeType, body: CodeType) -> bool:
    """Tell whether a function is defined inside a test's function."""
    return code.co_filename == body.co_filename and code.co_qualname.startswith(
        f"{body.co_qualname}.<locals>."
    )


def is_of_the_project(code: CodeType) -> bool:
    """Tell whether a function is neither Python's nor of an installed library."""
    return _rank(code) == 2


def is_class_of_the_project(kind: type) -> bool:
    """Tell whether a class is neither Python's nor of an installed library."""
    module = sys.modules.get(kind.__module__)
    # By its type: another kind of module may run code when it is asked.
    path: object = vars(module).get("__file__") if type(module) is ModuleType else None
    return isinstance(path, str) and _rank_of(path) == 2


def is_the_users(frame: FrameType) -> bool:
    """Tell whether a frame is neither Python's nor of the event loops' libraries."""
    return bool(_rank(frame.f_code)) and not is_of_a_library(frame)


def place_in(frame: FrameType | None) -> Place | None:
    """Return the innermost place in the user's code, from a frame outwards."""
    while frame is not None:
        if is_the_users(frame):
            return _place(frame)
        frame = frame.f_back
    return None


def _place(frame: FrameType) -> Place:
    return Place(frame.f_code, frame.f_code, frame.f_lineno)
