"""What Linux tells of a thread: whether it can run, and how often it has gone to sleep."""

import threading
import time
from unittest import mock

import pytest

from awaits.testing.loops import sleeps

STATUS = (
    b"Name:\tpython\nState:\t%s\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n"
)


@pytest.mark.skipif(not sleeps.SLEEPS_ARE_TOLD, reason="Only Linux tells.")
@pytest.mark.real_time
def test_linux_tells_which_thread_waits_for_a_processor_and_which_has_gone_to_sleep_again() -> None:
    is_over, first, second = threading.Event(), threading.Lock(), threading.Lock()

    def computes() -> None:
        while not is_over.is_set():
            pass

    def waits() -> None:
        with first, second:
            pass

    waiting, computing = threading.Thread(target=waits), threading.Thread(target=computes)
    with second:
        with first:
            waiting.start()
            while not (before := sleeps.n_sleeps(waiting)):
                pass
        while (sleeps.n_sleeps(waiting) or 0) <= before:
            time.sleep(0.001)
        computing.start()
        while sleeps.n_sleeps(computing) is not None:
            time.sleep(0.001)
        is_over.set()
        computing.join()
    waiting.join()
    assert sleeps.n_sleeps(threading.Thread()) == 0  # it has not begun


@pytest.mark.skipif(not sleeps.SLEEPS_ARE_TOLD, reason="Only Linux tells.")
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (b"S (sleeping)", 12),
        (b"Z (zombie)", 12),
        (b"R (running)", None),
        (b"D (disk sleep)", None),
    ],
)
def test_one_that_waits_for_a_disk_works_and_one_that_sleeps_has_been_counted(
    state: bytes, expected: int | None
) -> None:
    with mock.patch.object(sleeps, "read", return_value=STATUS % state):
        assert sleeps.slept("it") == expected


def test_nothing_is_counted_where_the_system_does_not_tell() -> None:
    told = b"Name:\tpython\nState:\tS (sleeping)\n"
    with (
        mock.patch.object(sleeps, "read", return_value=told),
        mock.patch.object(sleeps, "SLEEPS_ARE_TOLD", False),
    ):
        assert sleeps.slept("it") == 0
