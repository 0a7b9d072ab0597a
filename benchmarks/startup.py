"""What the plugin adds to the start of pytest: `python -m benchmarks.startup`."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

RUNS = 41


def cpu_seconds(folder: str, *args: str) -> float:
    """Return the processor time of a pytest that has no plugin but anyio's and finds no test."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "anyio.pytest_plugin"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, *args], cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def benchmark() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cpu_seconds(folder)
        pairs = [
            (cpu_seconds(folder, "-p", "awaits.testing.plugin"), cpu_seconds(folder))
            for _ in range(RUNS)
        ]
    added = statistics.median(with_it - without for with_it, without in pairs)
    ratio = statistics.median(with_it / without for with_it, without in pairs)
    print(f"pytest with the plugin over pytest without it, median of {RUNS} alternating pairs:")
    print(f"  {ratio:.3f}, or {added * 1e3:.1f} ms more")


if __name__ == "__main__":
    benchmark()
