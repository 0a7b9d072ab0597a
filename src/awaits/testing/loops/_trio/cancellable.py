"""How a task of trio is cancelled without a cancel scope.

Private names, read in trio 0.32.0 and 0.35.0: `Task._abort_func` and `Task._attempt_abort`, by
which trio throws `KeyboardInterrupt` into a task that waits; `Task._next_send` and `_next_send_fn`,
by which a task goes on that can run; `Runner.tasks`, all tasks of the run.
"""

# pyright: reportPrivateUsage=false

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NoReturn

import trio
from outcome import Error
from trio._core._run import GLOBAL_RUN_CONTEXT, Runner

from awaits.testing.loops.fence import check_names

check_names(
    "trio",
    {
        trio.lowlevel.Task: ["_abort_func", "_attempt_abort", "_next_send", "_next_send_fn"],
        type(GLOBAL_RUN_CONTEXT): ["runner"],
        Runner: ["tasks"],
    },
)


class CancelledError(BaseException):
    """Raised in a task that is cancelled here; trio's own error belongs to a cancel scope."""


@contextmanager
def cancellable() -> Generator[Callable[[], None]]:
    """Let the block's task be cancelled wherever it waits; see `contract.Adapter`."""
    task, runner = trio.lowlevel.current_task(), GLOBAL_RUN_CONTEXT.runner
    before = runner.tasks.copy()
    is_cancelled = False

    def throw() -> NoReturn:
        raise CancelledError

    def cancel() -> None:
        nonlocal is_cancelled
        for it in (task, *(runner.tasks - before if is_cancelled else ())):
            if it._abort_func is not None:
                it._attempt_abort(throw)
            elif is_cancelled and it._next_send_fn is not None and isinstance(it._next_send, Error):
                it._next_send = Error(CancelledError())  # it swallows trio's own again and again
        is_cancelled = True

    yield cancel
