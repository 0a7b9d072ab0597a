"""Programs with bugs of rising difficulty: what the exploring of task orders is measured by.

Each passes in the loops' own order, first in, first out, in virtual time on asyncio and on trio,
and fails (with whatever its bug raises; with `DeadlockError` if it waits for ever) in another.
Steps are `checkpoint()`, locks, events and streams, so that a late step needs no time to move. Only
a program that needs `"jitter"` sleeps, in place of I/O: there a step must be late by some seconds
of virtual time, 4 at most. What needs `"cancel"` must be whole at its end whichever of the tasks
that it starts by `cancellable` is cancelled, alone, before whichever step, as by a cancel scope
around it; who explores sets `cancel_scope` to what opens such a scope, or cancels the task by
means of its own. Other programs are not made to be cancelled. A program's `right` twin differs in
one thing, and no order breaks it.
"""

from benchmarks.programs import cancelled, late, many, seven, sharing, timed, waiting
from benchmarks.programs.base import Program, cancel_scope

__all__ = ["PROGRAMS", "Program", "cancel_scope"]

PROGRAMS: dict[str, Program] = {
    program.name: program
    for module in (seven, late, many, waiting, sharing, cancelled, timed)
    for program in module.PROGRAMS
}
"""The one table: each program by its name, family by family."""
