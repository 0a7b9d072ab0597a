"""`--explore-cancel` and signals: those that a test has not taken do not end the session."""

import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from awaits.testing.plugin.signals import not_raised_again
from tests.testing.plugin.shared import Apart

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="These are signals of Unix.")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_one_that_trio_delivers_again_does_not_end_the_session(
    pytester: pytest.Pytester, apart: Apart, name: str
) -> None:
    pytester.makepyfile(
        f"""
        import os, signal, anyio, pytest
        pytestmark = pytest.mark.anyio

        async def test_takes_a_signal():
            with anyio.open_signal_receiver(signal.{name}) as signals:
                os.kill(os.getpid(), signal.{name})
                async for number in signals:
                    break
            await anyio.sleep(1)

        async def test_comes_after_it():
            await anyio.sleep(1)
        """
    )
    options = ["--virtual-time", "--explore-cancel", "--anyio-backends=asyncio,trio"]
    apart(*options).assert_outcomes(passed=4)


def test_a_signal_from_elsewhere_ends_the_process_as_ever() -> None:
    program = """
        import os, signal
        from awaits.testing.plugin.signals import not_raised_again

        with not_raised_again():
            signal.raise_signal(signal.SIGTERM)
            print("raised", flush=True)
            exec(compile("os.kill(os.getpid(), signal.SIGTERM)", "elsewhere", "exec"))
            print("killed")
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (-signal.SIGTERM, "raised\n")


def test_a_thread_that_may_not_set_handlers_sets_none() -> None:
    def enters() -> object:
        with not_raised_again():
            return signal.getsignal(signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(enters).result() is signal.getsignal(signal.SIGTERM)


def test_a_handler_of_the_program_stays() -> None:
    def handle(_number: int, _frame: object) -> None:
        """Do nothing."""

    before = signal.getsignal(signal.SIGUSR1)
    try:
        with not_raised_again():
            signal.signal(signal.SIGUSR1, handle)
        assert signal.getsignal(signal.SIGUSR1) is handle
        with not_raised_again():
            assert signal.getsignal(signal.SIGUSR1) is handle
    finally:
        signal.signal(signal.SIGUSR1, before)
