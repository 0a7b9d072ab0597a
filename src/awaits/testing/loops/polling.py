"""Workers that poll: they wait for a moment of real time, again and again, until a task wakes them.

One that calls `queue.get(timeout=0.1)` again and again waits at another place each time, and each
time in a job of its own. If time stood still for its jobs, that task would never come.
"""

from math import nan
from time import process_time, sleep, thread_time

from awaits.testing.loops import real
from awaits.testing.loops.alone import SECONDS_TO_WAKE, SECONDS_UNTIL_LOOKED_AGAIN

# Workers poll that have waited for so long in all, and hardly worked meanwhile. Once this is known,
# it takes less.
SECONDS_OF_POLLING, SECONDS_OF_POLLING_AGAIN = 0.5, 0.1
# Of the time in which they wait: elsewhere than at locks and queues, or by a processor. Where a
# thread stands says little, for it may only wait there for a processor, or for Python's own lock.
MOST_WORK = 0.25
# Of so many short jobs that follow one another, one is looked at when it has run for a moment.
SHORT_JOBS = 10
SECONDS_INTO_A_JOB = 0.0005


class Polling:
    """For how long all workers have waited, and worked, since virtual time moved last."""

    def __init__(self) -> None:
        self.until_next: float = SECONDS_TO_WAKE
        """For how many real seconds to wait before the next look, at most."""
        self._most = SECONDS_OF_POLLING
        self._instant = nan  # in virtual time, which `count` is told; all others in real time
        self._looked = self._counted = real.seconds()
        self._n_woken = 0  # looks in a row that came early
        self._waited = self._worked = self._computed = 0.0
        self._all_stood = False  # when this was counted last

    def counts_now(self) -> bool:
        """Tell whether what the workers do now is to be counted.

        If a look comes early, a worker may be back, and the next job has just begun: whoever will
        wait in it still works. If all looks do, wait until a job has run for a moment.
        """
        now = real.seconds()
        is_early = now - self._looked < self.until_next
        self._looked = now
        if not is_early:
            self._n_woken = 0
            self.until_next = min(2 * self.until_next, SECONDS_UNTIL_LOOKED_AGAIN)
            return True
        self._n_woken += 1
        self.until_next = SECONDS_TO_WAKE
        if self._n_woken % SHORT_JOBS:
            return False
        sleep(SECONDS_INTO_A_JOB)
        return True

    def count(self, instant: float, now: float, *, all_stand: bool) -> bool:
        """Count what the workers do; tell whether they poll.

        Args:
            instant: The virtual time, in seconds.
            now: The real time, in seconds.
            all_stand: Whether all of them stand where a thread waits for another.
        """
        passed = min(now - self._counted, SECONDS_UNTIL_LOOKED_AGAIN)
        if instant != self._instant:
            self._instant, passed = instant, 0.0
            self._begin_anew()
        if all_stand or self._all_stood:
            self._waited += passed
        else:
            self._worked += passed
        self._counted, self._all_stood = now, all_stand
        worked = max(self._worked, _computed() - self._computed)
        return self._waited >= self._most and worked <= MOST_WORK * self._waited

    def is_told(self) -> None:
        """Begin anew, now that time moves because they poll."""
        self._most = SECONDS_OF_POLLING_AGAIN
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._waited, self._worked, self._computed = 0.0, 0.0, _computed()


def _computed() -> float:
    """Return how many seconds of a processor's time the other threads have used."""
    return process_time() - thread_time()
