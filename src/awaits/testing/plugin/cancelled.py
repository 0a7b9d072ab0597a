"""`--explore-cancel`: runs each test unchanged, cancelled as a whole at each of its awaits."""

import asyncio
import contextlib
import functools
import re
import sys
import warnings
from asyncio import current_task, get_running_loop
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from types import CodeType
from typing import NamedTuple, cast

import pytest

from awaits.testing.deadlock import DeadlockError
from awaits.testing.leftovers.hands import (
    comes_from,
    is_expected,
    is_in_loop,
    is_the_programs,
    own_stands,
    swallows,
)
from awaits.testing.leftovers.makers import drops_noticed, patched, pending
from awaits.testing.leftovers.places import is_installed, of_plugins
from awaits.testing.leftovers.watch import Leftover, Watch
from awaits.testing.loops.kept import n_cancelled
from awaits.testing.plugin import abandoned, garbage
from awaits.testing.plugin._pytest import forget_logged_errors
from awaits.testing.plugin.bodies import HAS_PASSED, Body, code_of, ends_the_run
from awaits.testing.plugin.leftovers import BEHIND, LEAVES, lines_of, may_stay, waits_for_fixtures
from awaits.testing.plugin.limits import Limits, took_too_long
from awaits.testing.plugin.sections import add_section
from awaits.testing.plugin.signals import not_raised_again
from awaits.testing.schedule import Schedule, told_of_cancellation, unseen

_OUTCOMES = pytest.fail.Exception, pytest.skip.Exception

# What anyio and trio say of a scope around one that is still open.
_NOT_LEFT = re.compile("attempted to exit .*cancel ?scope", re.IGNORECASE)
NOT_LEFT = (
    "The program has entered a task group or a cancel scope, and was cancelled before it had left "
    "that: then the scope around the whole test cannot be left either."
)

SECONDS_TO_END = 1.0  # of its event loop, which a cancelled test has until it is looked at again
MOST_LOOKS = 10


class Cut(NamedTuple):
    """A run of a test that was to be cancelled, and what is known about it."""

    watch: Watch
    code: CodeType | None
    is_cut: bool  # whether it was really cancelled
    is_again: bool  # whether the test was at this place before, in an earlier turn of its own loop


class CancelledRuns:
    """Runs tests, and cancels each at its awaits.

    Args:
        config: pytest's configuration.
        limits: Ends runs that hang.
    """

    def __init__(self, config: pytest.Config, limits: Limits) -> None:
        self._plugins = config.pluginmanager
        abandoned.bring_in(config)
        files = (getattr(it, "__file__", None) for it in config.pluginmanager.get_plugins())
        of_plugins.update(it for it in files if it and is_installed(it))
        self._limits = limits
        self.schedule: Schedule = Schedule()
        """The schedule that was played last."""
        self.n_awaits: int = 0
        """At how many awaits the last test was cancelled."""
        self.is_over: bool = False
        """Whether it has no more awaits."""
        self.cut_off: dict[str, str] = {}
        """What the schedule did that cancelled a test last, by test."""
        self._normal: set[tuple[object, ...]] = set()  # what the test leaves behind anyway
        self._stacks: set[object] = set()  # at which it was cancelled, in loops
        self._frozen = contextlib.ExitStack()
        self._signals = contextlib.ExitStack()
        self._cuts: list[Cut] = []  # of the test whose fixtures have not ended
        self._ended: Cut | None = None  # the last one, if it is no failure so far

    def begin(self) -> None:
        """Begin another test."""
        self.n_awaits, self.is_over = 0, False
        self._frozen.close()
        self._frozen.enter_context(garbage.frozen())
        self._normal.clear()
        self._stacks.clear()

    @contextlib.contextmanager
    def noticing(self) -> Generator[None]:
        """Notice everything that is made in the block."""
        judge = self._plugins.unregister(name="awaits-leftovers")
        try:
            with patched(), garbage.in_silence(), warnings.catch_warnings():
                # When a test is cut off, Python gives warnings, which a suite may turn into errors.
                warnings.simplefilter("ignore", ResourceWarning)
                warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
                yield
        finally:
            if judge is not None:
                self._plugins.register(judge, "awaits-leftovers")

    def end(self) -> None:
        """Collect what the runs have left, now and not while another test runs."""
        self._ended = None  # which knows what the last one has left
        garbage.collect()
        self._frozen.close()

    def around(
        self, test: pytest.Function, schedules: Iterable[Schedule], *, tells: bool
    ) -> Callable[[Body], Body]:
        """Return what replaces a test's body: the body, cancelled as each schedule says.

        Args:
            test: The test.
            schedules: The schedules to play, one after another, until there are no more awaits.
            tells: Whether anybody will read what the last one did.
        """

        def around(body: Body) -> Body:
            @functools.wraps(body)
            async def cancelled(*args: object, **kwargs: object) -> None:
                __tracebackhide__ = True
                for schedule in schedules:
                    self._ended = None
                    self._limits.begin_anew(test)
                    self.schedule = unseen(schedule, tells=tells)
                    await self._cancelled(test, body, args, kwargs)
                    if self.is_over or self._limits.is_late:
                        return

            return cancelled

        return around

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Let an error pass that anyio raises after a cancelled test, if it is the test's own."""
        __tracebackhide__ = True
        self._ended = None
        try:
            return (yield)
        except Exception as error:
            if not self._is_passed(error):
                raise
        finally:
            self._signals.close()  # the event loop may end before the test does
        return None

    def _is_passed(self, error: Exception) -> bool:
        """Tell whether an error that came after the last test is one that it has caused itself."""
        return self._ended is not None and _is_the_tests_own(error, self._ended.code)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say so if a test fails that others may have left in a bad way."""
        report = yield
        n_tests = len(self.cut_off)
        is_its_own = BEHIND in report.longreprtext or (
            call.excinfo is not None and call.excinfo.errisinstance(pytest.FixtureLookupError)
        )
        if report.failed and n_tests and not (is_its_own or item.stash.get(HAS_PASSED, False)):
            before = "1 test was" if n_tests == 1 else f"{n_tests:,} tests were"
            told = (
                f"{before} cancelled on the way before this one, which leaves undone what comes "
                "last, such as to remove files. Does this one fail alone?"
            )
            add_section(report, "cancelled tests", told)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge what a cancelled test has left behind, when its fixtures have ended."""
        cuts, result = self._cuts.copy(), None
        self._cuts.clear()
        try:
            try:
                result = yield
            except BaseException as error:  # noqa: ASYNC103 what it checks is not to be judged
                # A test that was cut off has not done what a fixture may ask for, as mocks do.
                if not (any(it.is_cut for it in cuts) and _is_a_check(error)):
                    raise
            if isinstance(item, pytest.Function):
                for cut in cuts:
                    self._judge(item, cut, cut.watch.left(in_its_loop=False))
            return result
        finally:
            pending.difference_update(cut.watch for cut in cuts)

    async def _cancelled(
        self,
        test: pytest.Function,
        body: Body,
        args: Sequence[object],
        kwargs: Mapping[str, object],
    ) -> None:
        __tracebackhide__ = True
        code = code_of(body)
        n_before = n_cancelled()
        let_go = functools.partial(forget_logged_errors, test)
        watch = Watch(code, self._normal, let_go=let_go)
        native = _Native(watch) if self.schedule.native else None

        def is_cut() -> None:  # the event loop may end before the test does
            self.n_awaits += 1
            (native or watch).is_cut()

        told_of_cancellation(self.schedule, is_cut)
        has_returned = False
        with drops_noticed(watch):  # also what only the error keeps alive
            try:
                with self.schedule, self.schedule.cancel_scope():
                    await self._run(watch, native, body, args, kwargs)
                    has_returned = True
            except BaseException as error:  # noqa: ASYNC103 nobody judges what the test does itself
                if (
                    ends_the_run(error)
                    or n_cancelled() > n_before
                    or not (watch.has_been_cut and _is_the_tests_own(error, code))
                ):
                    if isinstance(error, RuntimeError) and _NOT_LEFT.search(str(error)):
                        error.add_note(NOT_LEFT)
                    raise
            finally:
                if watch.has_been_cut:  # also where the test then fails
                    self.cut_off[test.nodeid] = self.schedule.explanation
            if n_cancelled() > n_before:  # the test has swallowed that cancellation
                raise asyncio.CancelledError
            await watch.settle()
        if has_returned and self.schedule.was_thrown:
            self._fail_if_swallowed(watch, code)
        if watch.has_been_cut:
            watch.look()
        else:
            self.is_over = self.schedule.cancel is not None
        cut = Cut(watch, code, watch.has_been_cut, self._is_again(watch, code))
        if waits_for_fixtures(test):
            watch.hold()
            pending.add(watch)
            self._cuts.append(cut)
        else:
            self._judge(test, cut, watch.left(in_its_loop=True))
        self._ended = cut if cut.is_cut else None

    def _fail_if_swallowed(self, watch: Watch, code: CodeType | None) -> None:
        __tracebackhide__ = True
        where = swallows(watch, code)
        if where is not None:
            pytest.fail(
                f"When it is cancelled at await {self.schedule.cancel}, the test goes on to its "
                f"end: {where}, or what has called it, swallows the cancellation; let it raise "
                "that again.",
                pytrace=False,
            )

    async def _run(
        self,
        watch: Watch,
        native: "_Native | None",
        body: Body,
        args: Sequence[object],
        kwargs: Mapping[str, object],
    ) -> None:
        __tracebackhide__ = True
        self._signals.enter_context(not_raised_again())
        try:
            await watch.run(body, *args, **kwargs)
        finally:
            self._signals.close()
            if watch.has_been_cut:
                abandoned.abandon_threads()
            if native is not None:
                native.end()

    def _is_again(self, watch: Watch, code: CodeType | None) -> bool:
        """Tell whether the test was cancelled at these lines before, in a loop; note the lines."""
        own = own_stands(code, watch)
        if code is None or not any(is_in_loop(code, it.line) for it in own):
            return False
        stack = tuple((it.code, it.line) for it in watch.stands)
        is_again = stack in self._stacks
        self._stacks.add(stack)
        return is_again

    def _judge(self, test: pytest.Function, cut: Cut, left: Iterable[Leftover]) -> None:
        __tracebackhide__ = True
        if not cut.is_cut:
            self._normal.update(it.origin[:2] for it in left)
            return
        allow = may_stay(test)
        if allow is None:
            return
        news = [it for it in left if it.origin[:2] not in self._normal]
        programs = (
            it for it in news if is_the_programs(it, cut.code, cut.watch, is_again=cut.is_again)
        )
        lines = lines_of(test, programs, allow=allow)
        if lines:
            at = f"When it is cancelled at await {self.schedule.cancel}, the {LEAVES}"
            pytest.fail("\n".join([at, *lines]), pytrace=False)


class _Native:
    """A test of asyncio's that is cancelled once, as asyncio's own timeouts do.

    Then the test may wait in its own function for what it would have closed, such as the client of
    a server that it has started. It is cancelled again there, until it ends.

    Args:
        watch: Runs the test, in the current task.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._task = current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._n_cancels = self._n_looks = 0

    def is_cut(self) -> None:
        """Note that the schedule cancels the test."""
        self._watch.is_cut()
        self._n_cancels = 1
        self._wait()

    def end(self) -> None:
        """Note that the test has ended."""
        if self._timer is not None:
            self._timer.cancel()
        for _ in range(self._n_cancels):  # others may have cancelled it as well
            cast("asyncio.Task[object]", self._task).uncancel()

    def _wait(self) -> None:
        self._timer = get_running_loop().call_later(SECONDS_TO_END, self._cancel_again)

    def _cancel_again(self) -> None:
        if self._watch.waits_in_the_test():
            self._n_cancels += 1
            cast("asyncio.Task[object]", self._task).cancel()
        self._n_looks += 1
        if self._n_looks < MOST_LOOKS:
            self._wait()


def _is_the_tests_own(
    error: BaseException, code: CodeType | None, *, in_expected: bool = False
) -> bool:
    """Tell whether an error is only a cancellation, or was caused by the cancelled test itself.

    Args:
        error: What a cancelled test raised.
        code: The test's function.
        in_expected: Whether it is in a group that the test expects.
    """
    expected = in_expected or (code is not None and is_expected(error, code))
    if isinstance(error, BaseExceptionGroup):
        # Where a group has a cancellation beside the error, `pytest.raises` does not know it.
        return all(_is_the_tests_own(it, code, in_expected=expected) for it in error.exceptions)
    if took_too_long(error) or isinstance(error, DeadlockError):  # it hangs
        return False
    if expected:
        return True
    trio = sys.modules.get("trio")
    cancelled = [asyncio.CancelledError, *([trio.Cancelled] if trio else [])]
    if isinstance(error, (*cancelled, *_OUTCOMES)):
        return True
    return code is not None and comes_from(error, code)


def _is_a_check(error: BaseException) -> bool:
    """Tell whether somebody says by an error that a test was not as it should be."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_a_check, error.exceptions))
    return isinstance(error, (AssertionError, pytest.fail.Exception))
