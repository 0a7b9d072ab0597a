"""What owns what: a fixture what can be reached from it, and a thread nothing of its test."""

import contextvars
import threading
import weakref

import pytest
import trio
from trio._core import _run

from awaits.testing import VirtualClock
from awaits.testing.clock import timekeeper_of
from awaits.testing.leftovers.makers import owner, patched
from awaits.testing.leftovers.owners import reachable
from awaits.testing.leftovers.watch import Watch

# pyright: reportPrivateUsage=false


def test_what_an_object_refers_to_is_reached() -> None:
    wanted = object()
    assert reachable([{"a": [wanted]}], [wanted]) == {id(wanted)}


def test_a_traceback_reaches_nothing_since_it_would_reach_everything() -> None:
    def fails(wanted: object) -> None:
        raise ValueError(str(wanted))

    wanted = object()
    with pytest.raises(ValueError, match="object") as caught:
        fails(wanted)
    assert reachable([caught.value], [wanted]) == set()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_the_event_loop_of_trio_reaches_none_of_its_tasks() -> None:
    runner = _run.GLOBAL_RUN_CONTEXT.runner
    assert reachable([runner], [trio.lowlevel.current_task()]) == set()


def test_an_object_of_the_kit_reaches_nothing_of_it() -> None:
    clock = VirtualClock()
    assert reachable([clock], [timekeeper_of(clock)]) == set()


def test_a_test_does_not_stay_in_memory_beside_a_thread_of_it_that_goes_on() -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)

    def starts(who: Watch) -> None:
        owner.set(who)
        thread.start()

    watch = Watch(None)
    known = weakref.ref(watch)
    with patched():
        contextvars.copy_context().run(starts, watch)
    del watch
    left = known()
    ended.set()
    thread.join()
    assert left is None
