"""What happens when nothing in an event loop can run: time moves, or it is a deadlock."""

import math
from collections.abc import Iterable

from awaits.testing.deadlock import deadlock, livelock, place
from awaits.testing.loops.alone import SECONDS_UNTIL_LOOKED_AGAIN
from awaits.testing.loops.contract import EventLoop
from awaits.testing.loops.standing import standing, title, told

MOST_LIVELOCKS = 10  # in one test, which may swallow them
TURNS_AFTER_AN_ERROR = 1_000  # until there is the next one


def make_something_run(loop: EventLoop) -> float:
    """Make a task run, now that none can.

    The sequence of the checks is what the kit promises. Time stands still while a thread is out,
    unless all threads wait, or real time has reached the deadline; for a while, it does so as well
    while another thread works. It also stands still while a task waits for the loop to be idle. A
    delayed step runs before time moves, unless it may be late. There is a deadlock only if nothing
    can wake a task.

    Args:
        loop: The event loop.

    Returns:
        How many real seconds to wait for the world outside; infinite if nothing else can make a
        task run.
    """
    play = loop.current_play()
    threads_are_out = loop.threads_are_out()
    if threads_are_out or loop.waits_until_idle():
        released = play is not None and play.release()
        if released or loop.wake_who_waits_until_idle():
            return 0
        now, deadline = loop.timekeeper.now, loop.next_deadline()
        threads = loop.threads
        if not (threads_are_out and (threads.all_wait(now) or threads.keeps_pace(now, deadline))):
            if not threads_are_out:
                return math.inf
            loop.timekeeper.stand_still()
            return threads.seconds_until_looked_again()
    timekeeper = loop.timekeeper
    if loop.poll(timekeeper.idle):
        return 0
    seconds = _seconds_for_others(loop)
    if seconds is not None:
        return seconds
    latest = math.inf if play is None else play.latest()
    if timekeeper.move(loop.next_deadline(), latest=latest):
        return 0
    if play is not None and play.release():
        return 0
    return _wait_for_the_world_outside(loop)


def _seconds_for_others(loop: EventLoop) -> float | None:
    """Return for how long other threads and processes hold time; `None` if it may move."""
    seconds = loop.threads.hold(loop.watches_sockets)
    if not seconds:
        # A thread may have called the event loop while we looked at it.
        return 0 if seconds is not None and loop.poll(0) else None
    play = loop.current_play()
    if seconds >= SECONDS_UNTIL_LOOKED_AGAIN and play is not None and play.release():
        return 0  # the thread may wait for what a delayed task holds, such as a database's lock
    loop.timekeeper.stand_still()
    return seconds


def _wait_for_the_world_outside(loop: EventLoop) -> float:
    """Return how long to wait for it; raise a deadlock if nothing can come from it."""
    main = loop.main_coroutine()
    if main is None or loop.waits_for_the_world_outside():
        return math.inf
    if loop.threads.may_come_back():
        return SECONDS_UNTIL_LOOKED_AGAIN
    if loop.poll(0):  # something came while we looked
        return 0
    play, timekeeper = loop.current_play(), loop.timekeeper
    number_of = None if play is None else play.number_of
    tasks = standing(loop.tasks(), loop.look, number_of)
    return loop.throw(deadlock(told(tasks), timekeeper.now))


def end_what_runs_for_ever(loop: EventLoop, running: Iterable[tuple[str, object]]) -> None:
    """Raise `LivelockError` in the main task, after too many turns at one instant.

    Do nothing while a thread is at work: the tasks may poll for it at each turn.

    Args:
        loop: The event loop.
        running: The name and the coroutine of each task that can run.
    """
    if not (loop.threads_are_out() or loop.threads.may_come_back()):
        timekeeper, main = loop.timekeeper, loop.main_coroutine()
        titled = ((title(name, place(it), it), it) for name, it in running)
        play = loop.current_play()
        is_cancelled = play is not None and bool(play.cancellations)
        error = livelock(
            titled, timekeeper.turns, timekeeper.now, main=main, is_cancelled=is_cancelled
        )
        timekeeper.n_livelocks += 1
        loop.throw(error, is_last=timekeeper.n_livelocks >= MOST_LIVELOCKS)
