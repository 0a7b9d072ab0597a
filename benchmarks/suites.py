"""Public suites with the kit's options, unchanged: `python -m benchmarks.suites FOLDER [NAME ...]`.

`FOLDER` holds a clone of each repository of suites.toml, under its name; nothing of it is
committed. Each gets an environment of its own there, with this kit. The results go to
docs/data/suites.json: for each option, the seconds, and which tests fail that pass without the
option.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, NotRequired, TypedDict, cast
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "data" / "suites.json"
PLAIN = "without"
OPTIONS: Mapping[str, Sequence[str]] = {
    PLAIN: ["-p", "no:awaits"],
    "--virtual-time": ["--virtual-time"],
    "--explore=20": ["--virtual-time", "--explore=20"],
    "--no-leftovers": ["--virtual-time", "--no-leftovers"],
}
SETTINGS = ["-q", "-p", "no:cacheprovider", "-p", "no:cov", "-o", "faulthandler_timeout=60"]
TIMEOUT = 600  # seconds; a run that takes longer is ended, and has no tests in the results


class Suite(TypedDict):
    """A suite, as suites.toml has it."""

    repository: str
    commit: str
    runs_with: str
    extras: NotRequired[str]
    findings: NotRequired[str]
    options: NotRequired[list[str]]
    needs: list[str]
    args: list[str]


class Outcome(TypedDict):
    """What a run of a suite showed."""

    seconds: float
    tests: int
    orders: int
    """In how many orders of their tasks the tests ran, all together."""
    fail: list[str]
    """Those that fail, and pass without the option."""


def environment(folder: Path, suite: Suite) -> Path:
    """Return the Python of a suite's environment; make the environment if there is none."""
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        extras = f"[{suite['extras']}]" if "extras" in suite else ""
        runner = [] if suite["runs_with"] == "anyio" else [suite["runs_with"]]
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", folder / ".venv"], check=True)
        install = [*uv, "pip", "install", "-q", "--python", str(python)]
        kit = f"{ROOT}[testing,trio,wall]"
        subprocess.run([*install, "-e", f"{folder}{extras}", *suite["needs"], *runner], check=True)
        subprocess.run([*install, "-e", kit], check=True)
    return python


class Ran(NamedTuple):
    """A run of a suite: its seconds, the orders that were explored, and which tests passed."""

    seconds: float
    orders: int
    passed: dict[str, bool]


def run(folder: Path, suite: Suite, options: Sequence[str]) -> Ran:
    """Run a suite."""
    python = environment(folder, suite)
    with tempfile.TemporaryDirectory() as reports:
        report = Path(reports) / "report.xml"
        began = time.perf_counter()
        command = [str(python), "-m", "pytest", *SETTINGS, f"--junitxml={report}"]
        if suite["runs_with"] == "pytest-asyncio":
            command += ["-o", "asyncio_default_fixture_loop_scope=function"]
        printed = ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            printed = subprocess.run(
                [*command, *suite["args"], *options],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src")},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=TIMEOUT,
                check=False,
            ).stdout
        seconds = time.perf_counter() - began
        explored = re.search(r"^explored: .* ([\d,]+) orders?,", printed, re.MULTILINE)
        orders = int(explored[1].replace(",", "")) if explored else 0
        if not report.exists():
            return Ran(seconds, orders, {})
        cases = ET.parse(report).iter("testcase")  # noqa: S314 we had it written
        passed = {
            f"{case.get('classname')}.{case.get('name')}": not any(
                child.tag in ("failure", "error") for child in case
            )
            for case in cases
        }
    return Ran(seconds, orders, passed)


def measure(folder: Path, suite: Suite) -> dict[str, Outcome]:
    """Run a suite without the kit, and with each of its options."""
    outcomes: dict[str, Outcome] = {}
    fine: set[str] = set()
    for name, options in OPTIONS.items():
        more = [] if name == PLAIN else suite.get("options", [])
        seconds, orders, passed = run(folder, suite, [*options, *more])
        if name == PLAIN:
            fine = {test for test, ok in passed.items() if ok}
        fail = sorted(test for test, ok in passed.items() if not ok and test in fine)
        outcomes[name] = {
            "seconds": round(seconds, 1),
            "tests": len(passed),
            "orders": orders,
            "fail": fail,
        }
        print(
            f"{folder.name:15} {name:15} {seconds:7.1f} s {len(passed):5} tests", *fail, flush=True
        )
    return outcomes


def main(folder: Path, names: Sequence[str]) -> None:
    """Measure suites, and keep the earlier results of the others."""
    suites = cast("dict[str, Suite]", tomllib.loads((ROOT / "benchmarks/suites.toml").read_text()))
    for name in names or suites:
        suite = suites[name]
        place = folder / name
        if not place.exists():
            sys.exit(f"Clone github.com/{suite['repository']} to {place}, at {suite['commit']}.")
        result = {"runs_with": suite["runs_with"], "outcomes": measure(place, suite)}
        results = json.loads(RESULTS.read_text())["suites"] if RESULTS.exists() else {}
        results[name] = result
        found = {
            "command": "python -m benchmarks.suites FOLDER",
            "date": datetime.now(UTC).date().isoformat(),
            "suites": {name: results[name] for name in suites if name in results},
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.suites",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the clones are")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these suites")
    given = parser.parse_args()
    main(given.folder.resolve(), given.names)
