"""A handler for a signal that the program has set stays there until the program takes it away."""

import asyncio
import faulthandler
import signal
import threading
from collections.abc import Callable
from typing import cast

import pytest

from awaits.testing import virtual_time
from awaits.testing.loops._asyncio.interrupts import Interrupts
from awaits.testing.plugin import watchdog
from awaits.testing.plugin.signals import not_raised_again
from tests.testing.plugin.shared import run_tests

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@pytest.mark.parametrize(
    ("name", "option"), [("SIGINT", "--virtual-time"), ("SIGUSR2", "--anyio-timeout=9")]
)
def test_that_of_an_async_fixture_is_there_in_the_test(
    pytester: pytest.Pytester, name: str, option: str
) -> None:
    tests = f"""
    import asyncio, os, signal

    @pytest.fixture
    async def got(anyio_backend):
        got, loop = [], asyncio.get_running_loop()
        loop.add_signal_handler(signal.{name}, got.append, 1)
        yield got
        loop.remove_signal_handler(signal.{name})

    async def test_before(anyio_backend):
        pass

    async def test_it(got):
        os.kill(os.getpid(), signal.{name})
        await anyio.sleep(0.1)
        assert got == [1]
    """
    run_tests(pytester, tests, option, "--anyio-backends=asyncio").assert_outcomes(passed=2)


def test_that_of_a_coroutine_stays_after_its_event_loop() -> None:
    def mine(*_: object) -> None: ...

    async def main() -> None:
        signal.signal(signal.SIGINT, mine)

    loop = virtual_time("asyncio")["loop_factory"]()
    try:
        loop.run_until_complete(main())
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        loop.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_is_not_lost_where_the_turn_ends_in_an_error() -> None:
    interrupts = Interrupts(threading.Event().set)
    with pytest.raises(KeyboardInterrupt), interrupts.kept():
        interrupts.pending = True
        raise ValueError


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="There are no other signals here.")
def test_a_signal_that_faulthandler_uses_is_left_to_it(pytester: pytest.Pytester) -> None:
    file = pytester.makefile(".txt", "").open("w+")
    faulthandler.register(signal.SIGUSR2, file=file)
    try:
        run_tests(pytester, "\n    async def test_it(): pass", "--anyio-timeout=9")
        signal.raise_signal(signal.SIGUSR2)
        file.seek(0)
        assert "most recent call first" in file.read()
    finally:
        faulthandler.unregister(signal.SIGUSR2)
        file.close()


@pytest.mark.skipif(watchdog.SIGNAL is None, reason="Windows has no signals.")
def test_one_for_the_signal_that_interrupts_stays_as_well(pytester: pytest.Pytester) -> None:
    tests = """
    import signal
    from awaits.testing.plugin.watchdog import SIGNAL

    def mine(*_):
        pass

    async def test_sets(anyio_backend):
        signal.signal(SIGNAL, mine)

    def test_is_there():
        assert signal.getsignal(SIGNAL) is mine
        signal.signal(SIGNAL, signal.SIG_DFL)
    """
    options = "--anyio-timeout=9", "--anyio-backends=asyncio"
    run_tests(pytester, tests, *options).assert_outcomes(passed=2)


@pytest.mark.skipif(watchdog.SIGNAL is None, reason="Windows has no signals.")
def test_the_signal_that_interrupts_is_free_again_afterwards(pytester: pytest.Pytester) -> None:
    run_tests(pytester, "\n    async def test_it(): pass", "--anyio-timeout=9")
    assert signal.getsignal(cast("int", watchdog.SIGNAL)) is signal.SIG_DFL


def test_a_test_that_is_cut_off_sets_them_also_where_a_fixture_has_replaced_how(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patches:
        for name in ("getsignal", "signal"):
            patches.setattr(signal, name, refuse)
        with not_raised_again():
            pass
    assert signal.getsignal(signal.SIGTERM) is before
