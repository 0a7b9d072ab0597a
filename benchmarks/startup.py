"""What the plugin adds to the start of pytest: `python -m benchmarks.startup`.

Beside a plugin that does nothing: for each `-p`, pytest reads what all packages have installed.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 41


def cpu_seconds(folder: str, plugin: str) -> float:
    """Return the processor time of a pytest that has this plugin and anyio's, and finds no test."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    command += ["-p", "anyio.pytest_plugin", "-p", plugin]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a plugin is compiled once, not in each run
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def benchmark() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nothing.py").touch()
        plugins = "awaits.testing.plugin", "nothing"
        for plugin in plugins:
            cpu_seconds(folder, plugin)
        pairs = [tuple(cpu_seconds(folder, plugin) for plugin in plugins) for _ in range(RUNS)]
    added = statistics.median(with_it - without for with_it, without in pairs)
    ratio = statistics.median(with_it / without for with_it, without in pairs)
    print(f"pytest with the plugin over pytest with an empty one, median of {RUNS} pairs:")
    print(f"  {ratio:.3f}, or {added * 1e3:.1f} ms more")


if __name__ == "__main__":
    benchmark()
