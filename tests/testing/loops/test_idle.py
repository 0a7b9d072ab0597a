"""What happens when nothing in an event loop can run, told to one that is made up."""

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import pytest

from awaits.testing import DeadlockError
from awaits.testing.loops.alone import SECONDS_UNTIL_LOOKED_AGAIN
from awaits.testing.loops.idle import make_something_run
from awaits.testing.loops.play import Play
from awaits.testing.loops.timekeeper import Timekeeper
from awaits.testing.loops.waits import Here, Look

if TYPE_CHECKING:
    from awaits.testing.loops.threads import Threads

NOW = 0.0  # `make_something_run` returns it when something can run


class FakePlay:
    """Delays steps, which may be late until a time."""

    def __init__(self, loop: "FakeLoop", n_late: int, latest: float) -> None:
        self._loop = loop
        self._n_late = n_late
        self._latest = latest

    def release(self) -> bool:
        self._loop.asked.append("release")
        self._n_late -= 1
        return self._n_late >= 0

    def latest(self) -> float:
        return self._latest

    def number_of(self, _task: object) -> int:
        return 0


class FakeThreads:
    def __init__(
        self,
        loop: "FakeLoop",
        *,
        may_come_back: bool,
        all_wait: bool,
        keeps_pace: float,
        holds: float | None,
    ) -> None:
        self._loop = loop
        self._may_come_back = may_come_back
        self._all_wait = all_wait
        self._keeps_pace = keeps_pace
        self._holds = holds

    def hold(self, watches_sockets: Callable[[], bool]) -> float | None:
        assert watches_sockets() is self._loop.watches_sockets()
        return self._holds

    def all_wait(self, _instant: float) -> bool:
        return self._all_wait

    def seconds_until_looked_again(self) -> float:
        return SECONDS_UNTIL_LOOKED_AGAIN

    def keeps_pace(self, now: float, deadline: float) -> bool:
        return deadline - now <= self._keeps_pace

    def may_come_back(self) -> bool:
        self._loop.asked.append("may come back")
        return self._may_come_back


class FakeLoop:
    """An event loop whose answers are given; it notes what was done to it, in order."""

    def __init__(
        self,
        *,
        threads_are_out: bool = False,
        somebody_waits_until_idle: bool = False,
        wakes_them_itself: bool = False,
        n_late: int | None = None,
        latest: float = -math.inf,
        idle: float = 0.0,
        comes: Iterable[float] = (),
        comes_after: int | None = None,
        deadline: float = math.inf,
        is_held: bool = False,
        has_main: bool = True,
        waits_outside: bool = False,
        thread_may_come_back: bool = False,
        all_threads_wait: bool = False,
        threads_keep_pace_for: float = -1,
        another_thread_holds_for: float | None = None,
    ) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.timekeeper: Timekeeper = Timekeeper(idle=idle)
        if is_held:
            self.timekeeper.hold()
        threads = FakeThreads(
            self,
            may_come_back=thread_may_come_back,
            all_wait=all_threads_wait,
            keeps_pace=threads_keep_pace_for,
            holds=another_thread_holds_for,
        )
        self.threads: Threads = cast("Threads", threads)
        self._play = None if n_late is None else FakePlay(self, n_late, latest)
        self._threads_are_out = threads_are_out
        self._waits_until_idle = somebody_waits_until_idle
        self._wakes_them_itself = wakes_them_itself
        self._comes = set(comes)
        self._comes_after = comes_after  # so many questions
        self._deadline = deadline
        self._has_main = has_main
        self._waits_outside = waits_outside

    def current_play(self) -> Play[Any, Any] | None:
        return cast("Play[Any, Any] | None", self._play)

    def threads_are_out(self) -> bool:
        return self._threads_are_out

    def waits_until_idle(self) -> bool:
        return self._waits_until_idle

    def wake_who_waits_until_idle(self) -> bool:
        self.asked.append("wake")
        return self._waits_until_idle and not self._wakes_them_itself

    def poll(self, seconds: float) -> bool:
        n_polls = sum(it.startswith("poll") for it in self.asked)
        self.asked.append(f"poll {seconds:g}")
        return seconds in self._comes or n_polls == self._comes_after

    def next_deadline(self) -> float:
        return self._deadline

    def watches_sockets(self) -> bool:
        return self._waits_outside

    def waits_for_the_world_outside(self) -> bool:
        return self._waits_outside

    def main_coroutine(self) -> object:
        return object() if self._has_main else None

    def tasks(self) -> Iterable[Here]:
        return [Here(1, "the_other", object()), Here(2, "", object(), is_main=True)]

    @property
    def look(self) -> Look:
        return lambda _self, _frame: None

    def throw(self, error: Exception, *, is_last: bool = False) -> float:
        self.asked.append("throw the last one" if is_last else "throw")
        self.error = error
        return NOW

    def restart(self) -> bool:
        return True

    def is_hidden(self) -> bool:
        return False

    def is_its_clock(self) -> bool:
        return True

    def main_task(self) -> AbstractContextManager[None]:
        return nullcontext()


def went(loop: FakeLoop) -> tuple[float, float, list[str]]:
    """Return how long to wait, the virtual time, and what was done on the way."""
    return make_something_run(loop), loop.timekeeper.now, loop.asked


class TestWhoHoldsTime:
    def test_a_thread_that_is_out_holds_time_and_is_waited_for(self) -> None:
        loop = FakeLoop(threads_are_out=True, deadline=9)
        assert went(loop) == (SECONDS_UNTIL_LOOKED_AGAIN, 0, ["wake"])

    def test_threads_that_all_wait_do_not_hold_time(self) -> None:
        loop = FakeLoop(threads_are_out=True, all_threads_wait=True, deadline=9)
        assert went(loop) == (NOW, 9, ["wake", "poll 0"])

    @pytest.mark.parametrize(
        ("real", "expected"),
        [(8, (SECONDS_UNTIL_LOOKED_AGAIN, 0, ["wake"])), (9, (NOW, 9, ["wake", "poll 0"]))],
    )
    def test_threads_that_ask_whether_they_are_cancelled_hold_time_to_the_real_pace(
        self, real: float, expected: object
    ) -> None:
        loop = FakeLoop(threads_are_out=True, threads_keep_pace_for=real, deadline=9)
        assert went(loop) == expected

    def test_a_delayed_step_runs_while_a_thread_is_out(self) -> None:
        loop = FakeLoop(threads_are_out=True, deadline=9, n_late=1, latest=math.inf)
        assert went(loop) == (NOW, 0, ["release"])
        waits = SECONDS_UNTIL_LOOKED_AGAIN
        assert went(loop) == (waits, 0, ["release", "release", "wake"])

    def test_who_waits_until_all_is_idle_is_woken_before_time_moves(self) -> None:
        loop = FakeLoop(somebody_waits_until_idle=True, deadline=9)
        assert went(loop) == (NOW, 0, ["wake"])

    def test_a_delayed_step_comes_before_who_waits_until_all_is_idle(self) -> None:
        loop = FakeLoop(somebody_waits_until_idle=True, n_late=1)
        assert went(loop) == (NOW, 0, ["release"])
        assert went(loop) == (NOW, 0, ["release", "release", "wake"])

    def test_an_event_loop_that_wakes_them_itself_does_so_while_it_waits(self) -> None:
        loop = FakeLoop(somebody_waits_until_idle=True, wakes_them_itself=True, deadline=9)
        assert went(loop) == (math.inf, 0, ["wake"])


class TestTime:
    def test_it_moves_to_the_next_deadline(self) -> None:
        assert went(FakeLoop(deadline=9)) == (NOW, 9, ["poll 0"])

    def test_it_moves_while_somebody_waits_for_the_world_outside(self) -> None:
        loop = FakeLoop(deadline=9, waits_outside=True, thread_may_come_back=True)
        assert went(loop) == (NOW, 9, ["poll 0"])

    def test_it_waits_for_so_much_real_quiet(self) -> None:
        assert went(FakeLoop(deadline=9, idle=0.5)) == (NOW, 9, ["poll 0.5"])
        assert went(FakeLoop(deadline=9, idle=0.5, comes=[0.5])) == (NOW, 0, ["poll 0.5"])

    def test_it_stands_still_as_long_as_another_thread_holds_it(self) -> None:
        loop = FakeLoop(deadline=9, n_late=1, another_thread_holds_for=0.01)
        assert went(loop) == (0.01, 0, ["poll 0"])

    def test_what_came_while_other_threads_were_looked_at_runs_before_it_moves(self) -> None:
        loop = FakeLoop(deadline=9, another_thread_holds_for=0.0, comes_after=1)
        assert went(loop) == (NOW, 0, ["poll 0", "poll 0"])
        loop = FakeLoop(deadline=9, another_thread_holds_for=0.0)
        assert went(loop) == (NOW, 9, ["poll 0", "poll 0"])

    def test_a_delayed_step_runs_if_another_thread_holds_time_for_long(self) -> None:
        seconds = SECONDS_UNTIL_LOOKED_AGAIN
        loop = FakeLoop(deadline=9, n_late=1, another_thread_holds_for=seconds)
        assert went(loop) == (NOW, 0, ["poll 0", "release"])
        loop = FakeLoop(deadline=9, n_late=0, another_thread_holds_for=seconds)
        assert went(loop) == (seconds, 0, ["poll 0", "release"])

    def test_a_delayed_step_runs_before_it_moves(self) -> None:
        loop = FakeLoop(deadline=9, n_late=1)
        assert went(loop) == (NOW, 0, ["poll 0", "release"])

    @pytest.mark.parametrize(("deadline", "now", "asked"), [(9, 9, []), (9.5, 0, ["release"])])
    def test_it_moves_as_far_as_a_delayed_step_may_be_late(
        self, deadline: float, now: float, asked: list[str]
    ) -> None:
        assert went(FakeLoop(deadline=deadline, n_late=1, latest=9)) == (
            NOW,
            now,
            ["poll 0", *asked],
        )

    def test_where_it_is_held_a_delayed_step_runs(self) -> None:
        loop = FakeLoop(deadline=9, is_held=True, n_late=1, latest=math.inf)
        assert went(loop) == (NOW, 0, ["poll 0", "release"])


class TestNothingIsLeft:
    def test_an_event_loop_that_runs_for_nobody_waits_for_ever(self) -> None:
        assert went(FakeLoop(has_main=False)) == (math.inf, 0, ["poll 0"])

    def test_who_waits_for_the_world_outside_waits_for_ever(self) -> None:
        assert went(FakeLoop(waits_outside=True)) == (math.inf, 0, ["poll 0"])

    def test_a_thread_that_may_come_back_is_waited_for_and_looked_at_again(self) -> None:
        loop = FakeLoop(thread_may_come_back=True)
        assert went(loop) == (SECONDS_UNTIL_LOOKED_AGAIN, 0, ["poll 0", "may come back"])

    def test_what_came_meanwhile_is_heard(self) -> None:
        loop = FakeLoop(comes_after=1)
        assert went(loop) == (NOW, 0, ["poll 0", "may come back", "poll 0"])

    def test_what_has_come_by_a_socket_runs_before_time_moves(self) -> None:
        assert went(FakeLoop(deadline=9, comes=[0])) == (NOW, 0, ["poll 0"])

    @pytest.mark.parametrize(
        "loop",
        [
            FakeLoop(),
            FakeLoop(n_late=0),
            FakeLoop(deadline=9, is_held=True),
            FakeLoop(idle=0.5),
        ],
    )
    def test_the_rest_is_a_deadlock(self, loop: FakeLoop) -> None:
        wait, now, asked = went(loop)
        assert (wait, now, asked[-1]) == (NOW, 0, "throw")
        assert isinstance(loop.error, DeadlockError)
        assert str(loop.error) == (
            "At 0.0 s, nothing can ever run again:\n"
            "  the main task waits\n  task 1, the_other, waits"
        )
