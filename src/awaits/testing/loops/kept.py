"""An event loop, of asyncio or trio, that stays open between calls from outside.

Private names, read in anyio 4.16.0: `anyio._core._eventloop.get_async_backend`, and
`create_test_runner` of what it returns. anyio's own pytest plugin uses them. They make an
`anyio.abc.TestRunner`, which is public.
"""

import asyncio
import contextlib
from asyncio import current_task
from collections.abc import Generator
from typing import TYPE_CHECKING

from awaits.testing.loops.fence import check_names, does_not_fit

if TYPE_CHECKING:
    from anyio.abc import TestRunner


def kept_event_loop(backend: str, options: dict[str, object]) -> "TestRunner":
    """Return a runner of async functions. Its event loop stays open until the runner is closed.

    Args:
        backend: `asyncio` or `trio`.
        options: As for `anyio.run`.

    Raises:
        ValueError: The kit does not fit this version of anyio.
    """
    try:
        from anyio._core._eventloop import get_async_backend  # noqa: PLC0415 it may have moved

        made_by = get_async_backend(backend)
        check_names("anyio", {made_by: ["create_test_runner"]})
    except ImportError as error:
        raise ValueError(does_not_fit(error)) from None
    return made_by.create_test_runner(options)


class Carried:
    """Carries an error past a kept event loop, which would end with it.

    For anyio's runner on asyncio, three kinds are no errors like any other: after them, it runs
    nothing more. A `CancelledError`, which comes out of a function that waits for a task which
    somebody has cancelled. A `SystemExit`, which fails a test for pytest. And a group in which one
    is no `Exception`, such as pytest's own failures when they pass through a task group.
    """

    def __init__(self) -> None:
        self._error: BaseException | None = None

    @contextlib.contextmanager
    def kept(self) -> Generator[None]:
        """End the block at such an error, unless the current task or the run is to end."""
        self._error = None
        try:
            yield
        except asyncio.CancelledError as error:  # noqa: ASYNC103 raised again outside
            if not is_of_another_task(error):
                raise
            self._error = error
        except SystemExit as error:
            self._error = error
        except BaseExceptionGroup as error:
            if error.subgroup((KeyboardInterrupt, SystemExit)) is not None or n_cancelled():
                raise
            self._error = error

    def raise_again(self) -> None:
        """Raise the error, now that it is out of the event loop."""
        __tracebackhide__ = True
        error, self._error = self._error, None
        if error is not None:
            raise error


def is_of_another_task(error: BaseException) -> bool:
    """Tell whether an error is a `CancelledError`, and nobody has cancelled the current task."""
    return isinstance(error, asyncio.CancelledError) and not n_cancelled()


def n_cancelled() -> int:
    """Return how often others have cancelled the current task, as asyncio does on Ctrl-C.

    anyio's cancel scopes undo their own count. trio does not count: it raises `KeyboardInterrupt`.
    """
    try:
        task = current_task()
    except RuntimeError:  # no event loop of asyncio's runs
        return 0
    return 0 if task is None else task.cancelling()


def fail_as_any_other(error: BaseException) -> None:
    """Raise an error that Hypothesis takes for a failure, if this is another task's cancellation.

    Hypothesis catches no `CancelledError`: it would stop at once, and show no example.

    Args:
        error: What the current task raises.

    Raises:
        RuntimeError: It is caused by the `CancelledError`.
    """
    __tracebackhide__ = True
    if is_of_another_task(error):
        raise RuntimeError(
            "asyncio.CancelledError came out, though nobody has cancelled this task: it waited for "
            "one that was cancelled."
        ) from error
