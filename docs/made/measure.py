"""Runs of which the site shows the figures. Each writes its file in docs/data."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from docs.made.data import DATA, save
from docs.made.forgotten import forgotten

EXAMPLES = Path(__file__).parents[1] / "examples"
BOTH = "--anyio-backends=asyncio,trio"


def run(command: str, folder: Path = EXAMPLES) -> str:
    """Run a command in a copy of the examples; return what it prints.

    Args:
        command: Its words, with a blank between them.
        folder: Where to run it.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = "-p no:cacheprovider -p no:trio -o asyncio_default_fixture_loop_scope=function"
    environment = {**os.environ, "PATH": path, "PYTEST_ADDOPTS": options, "COLUMNS": "80"}
    return subprocess.run(
        command.split(), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    ).stdout


def slow() -> None:
    """Measure each test of test_patience.py, in real and in virtual time."""
    command = f"pytest -vv {BOTH} --durations=0 --durations-min=0 test_patience.py"
    tests: dict[str, dict[str, float]] = {}
    for time, option in (("real", ""), ("virtual", " --virtual-time")):
        printed = run(command + option)
        for seconds, name in re.findall(r"([\d.]+)s call +\S+::(\S+)", printed):
            tests.setdefault(name, {})[time] = float(seconds)
    sums = {
        time: round(sum(test[time] for test in tests.values()), 2) for time in ("real", "virtual")
    }
    save("slow", f"{command} [--virtual-time]", {"tests": tests, "sums": sums})


def race() -> None:
    """Take down the order of tasks in which test_account.py fails."""
    command = "pytest -q --anyio-backends=asyncio --explore test_account.py"
    printed = run(command)
    report = printed.partition("the order of its tasks")[2].partition("\n")[2]
    lanes, _, rest = report.partition("\n\n")
    # Each row has a margin for its mark, and the last one tells what the mark means.
    rows = [row[2:] for row in lanes.splitlines() if not row.startswith("> went")]
    save("race", command, {"lanes": rows, "told": rest.split("\nexplored")[0]})


def proof() -> None:
    """Run a test labelled trio that runs on asyncio, without and with the proof."""
    without = "pytest -v -p no:awaits --asyncio-mode=auto test_order.py -k trio"
    with_it = "pytest -v --anyio-backends=trio --asyncio-mode=auto test_order.py"
    save(
        "proof",
        f"{without}; {with_it}",
        {"before": _result(run(without)), "after": _result(run(with_it))},
    )


def _result(printed: str) -> list[str]:
    """Return the line of the test, and that of why it failed."""
    lines = [line for line in printed.splitlines() if "::" in line]
    why = [line for line in lines if "labelled" in line]
    return [re.sub(r" +\[100%\]", "", lines[0]), *dict.fromkeys(why)][:2]


def moves() -> None:
    """Take down when each of three tasks ends, in virtual time."""
    command = "awaits run 3 --seed 37627 --virtual"
    seconds = re.findall(r"^(\d+)\t(\d+)$", run(command), re.MULTILINE)
    save("moves", command, {"ended": {f"task {number}": float(it) for number, it in seconds}})


def compare() -> None:
    """Measure the same work done seven ways; keep what is printed, and the pictures."""
    for workload in ("pause", "cpu", "mixed"):
        name = f"compare-{workload}"
        _compare(name, f"awaits compare --workload {workload} --plot {workload}.svg")
    for function in ("wait", "compute"):
        options = "--strategies asyncio,threads,processes"
        _compare(f"compare-{function}", f"awaits compare --workload work:{function} {options}")
    command = "awaits run 6 --limit 2 --seed 1 --virtual --timeline --plot limit.svg"
    _compare("limit", command)


def _compare(name: str, command: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for file in EXAMPLES.glob("work.py"):
            Path(folder, file.name).write_text(file.read_text())
        printed = run(command, Path(folder))
        save(name, command, {"printed": printed.splitlines()})
        DATA.joinpath(f"{name}.txt").write_text(printed)
        for picture in Path(folder).glob("*.svg"):
            text = "".join(f"{line.rstrip()}\n" for line in picture.read_text().splitlines())
            DATA.joinpath(f"{name}.svg").write_text(text)


def clock() -> None:
    """Measure virtual time beside its peers, all of which must be installed: group bench."""
    command = "python -m benchmarks.clock 1000"
    printed = run(command, EXAMPLES.parents[1])
    rows = re.findall(r"^(\w.+?) {2,}([\d.]+)$", printed, re.MULTILINE)
    ratios = {name: float(ratio) for name, ratio in rows}
    save("clock", command, {"over the timer floor": ratios})


ALL: dict[str, Callable[[], None]] = {
    "slow": slow,
    "race": race,
    "proof": proof,
    "moves": moves,
    "forgotten": forgotten,
    "compare": compare,
    "clock": clock,
}
