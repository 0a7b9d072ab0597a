"""What each strategy gains on each workload: `python -m benchmarks.compare`.

It measures the speed-up of 20 tasks over one after another: the median of rounds in which all
strategies take turns. It also measures which share of the time that `awaits compare` announces at
most it really takes.
"""

import re
import statistics
import subprocess
import sys
import time

from awaits.compare.advice import waiting
from awaits.compare.measure import Measured, measure
from awaits.compare.strategies import CORES, STRATEGIES
from awaits.compare.workloads import WORKLOADS

ROUNDS = 5
N_TASKS = 20


def measured(strategy: str, workload: str) -> Measured:
    result = measure(strategy, workload, N_TASKS)
    assert isinstance(result, Measured), result
    return result


def share_taken(workload: str) -> float:
    """Return how long `awaits compare` took, over how long it said it would take at most."""
    before = time.perf_counter()
    command = [sys.executable, "-m", "awaits", "compare", "--workload", workload]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    at_most = re.search(r"at most (\d+) s", printed)
    assert at_most
    return (time.perf_counter() - before) / int(at_most[1])


def benchmark() -> None:
    print(f"speed-up of {N_TASKS} tasks on {CORES} cores, median of {ROUNDS} rounds (all of them)")
    for workload in WORKLOADS:
        rounds = [{name: measured(name, workload) for name in STRATEGIES} for _ in range(ROUNDS)]
        share = statistics.median(waiting(each["sequential"]) for each in rounds)
        print(f"{workload}: waits {share:.0%} of the time")
        for name in STRATEGIES:
            gains = sorted(each["sequential"].seconds / each[name].seconds for each in rounds)
            every = " ".join(f"{gain:.2f}" for gain in gains)
            print(f"  {name:18} {statistics.median(gains):6.2f}   ({every})", flush=True)
    print("`awaits compare`: how much of the time it announced at most it took")
    for workload in WORKLOADS:
        print(f"  {workload:18} {share_taken(workload):6.2f}", flush=True)


if __name__ == "__main__":
    benchmark()
