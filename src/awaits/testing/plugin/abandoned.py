"""Threads that wait for what a test that was cut off would have done.

Nothing cancels a thread, and asyncio waits for those of its default executor as an event loop
closes. So the event loop gets another executor, and the session goes on.
"""

import threading
from asyncio import get_running_loop
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from types import FrameType

import pytest

from awaits.testing.leftovers.places import place_in
from awaits.testing.loops import real
from awaits.testing.loops.oldest import OLDEST
from awaits.testing.loops.stacks import frames, has_no_work

_SECONDS = 0.1  # real ones, for threads that are about to end
_SECONDS_AT_THE_END = 1.0  # for the same: who reads it may look for the reason in vain

_abandoned: list[threading.Thread] = []


def bring_in(config: pytest.Config) -> None:
    """Have the threads named at the end of the session for which Python will wait."""
    if not config.pluginmanager.has_plugin("awaits-abandoned"):
        config.pluginmanager.register(_Told(), "awaits-abandoned")


def abandon_threads() -> None:
    """Do not let the event loop wait for threads of its default executor that are at work."""
    try:
        loop = get_running_loop()
    except RuntimeError:
        return  # trio does not wait for threads
    if not any(_of_asyncio()):
        return
    until = real.seconds() + _SECONDS
    left: list[threading.Thread] = []
    while real.seconds() < until:
        sleep(0.01)  # one that has just got its work may not have begun
        left = list(_at_work())
        if not left:
            return
    _abandoned.extend(left)
    loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))


def _of_asyncio() -> Iterator[threading.Thread]:
    every = (it for it in threading.enumerate() if it.name.startswith("asyncio_"))
    return (it for it in every if it not in _abandoned)


def _at_work() -> Iterator[threading.Thread]:
    where = frames()
    return (it for it in _of_asyncio() if not has_no_work(where.get(it.ident or 0)))


class _Told:
    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        """Name the threads that have not ended: the program may have pools of its own."""
        until = real.seconds() + _SECONDS_AT_THE_END
        while (left := dict(_not_ended())) and real.seconds() < until:
            sleep(0.01)
        threads: dict[str, list[str]] = {}  # by where they stand
        for thread, frame in left.items():
            threads.setdefault(str(place_in(frame) or ""), []).append(thread.name)
        for place, (first, *others) in threads.items():
            at = f", at {place}," if place else ""
            told = (
                f"thread {first}{at} does not end, and Python waits for it"
                if not others
                else f"thread {first} and {len(others)} more{at} do not end, and Python waits for "
                "them"
            )
            terminalreporter.write_line(f"{told} before it exits")


def _not_ended() -> Iterator[tuple[threading.Thread, FrameType | None]]:
    """Yield the threads for which Python waits before it exits, and where they stand."""
    where = frames()
    for thread in threading.enumerate():
        frame = where.get(thread.ident or 0)
        if not (thread.daemon or thread in OLDEST or has_no_work(frame)):
            yield thread, frame
