"""Do the tests notice when the kit is broken? `python -m benchmarks.mutants [--sample N]`.

cosmic-ray makes the mutants: one operator, number or condition of the kit changed in each. A sample
of them, drawn from a fixed seed, runs through the tests that reach the line that was changed, in
clones of the last commit. What no test noticed is listed in docs/data/mutants.json, with the reason
that mutants.toml gives; one without a reason is a test that is missing.
"""

import argparse
import json
import os
import queue
import random
import re
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypedDict

import pytest
from coverage import Coverage, CoverageData

ROOT = Path(__file__).parent.parent
KIT = "src/awaits/testing"
TESTS = "tests/testing"
RESULTS = ROOT / "docs" / "data" / "mutants.json"
REASONS = ROOT / "benchmarks" / "mutants.toml"
COSMIC_RAY = [sys.executable, "-m", "cosmic_ray.cli"]
SECONDS = 300  # that all tests may take; a change that makes them take longer counts as noticed

# One way to get each comparison and calculation wrong. The others are alike, and noticed sooner.
OPERATORS = re.compile(
    r"core/(?!ReplaceBinary|ReplaceComparison|ReplaceUnary)"
    r"|_(Add_Sub|Sub_Add|Mul_Add|Div_Mul|FloorDiv_Mul|Mod_Add|BitAnd_BitOr|Delete_Not|Delete_USub)$"
    r"|_(Eq_NotEq|NotEq_Eq|Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Is_IsNot|IsNot_Is)$"
)


class Mutant(NamedTuple):
    """A change of one place."""

    module: str
    operator: str
    occurrence: int
    lines: range


class Survivor(TypedDict):
    """A change that no test noticed."""

    module: str
    was: str
    became: str
    reason: str


class Results(TypedDict):
    """What docs/data/mutants.json holds."""

    command: str
    made: int
    tried: int
    noticed: int
    survived: list[Survivor]


def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Tell coverage which test runs now: this module is a pytest plugin in that run."""
    coverage = Coverage.current()
    assert coverage is not None
    coverage.switch_context(item.nodeid)


def every_mutant(folder: Path) -> list[Mutant]:
    """Return all mutants of the kit that cosmic-ray makes with our choice of its operators."""
    config, session = folder / "cosmic-ray.toml", folder / "cosmic-ray.sqlite"
    config.write_text(
        f'[cosmic-ray]\nmodule-path = ["{KIT}"]\ntimeout = 1\nexcluded-modules = []\n'
        'test-command = ""\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    subprocess.run([*COSMIC_RAY, "init", config, session], cwd=ROOT, check=True)
    dumped = subprocess.run(
        [*COSMIC_RAY, "dump", session], check=True, capture_output=True, text=True
    )
    mutants: list[Mutant] = []
    for line in dumped.stdout.splitlines():
        (it,) = json.loads(line)[0]["mutations"]
        if OPERATORS.search(it["operator_name"]):
            lines = range(it["start_pos"][0], it["end_pos"][0] + 1)
            mutants.append(Mutant(it["module_path"], it["operator_name"], it["occurrence"], lines))
    return sorted(mutants, key=lambda mutant: (*mutant[:3], *mutant.lines))


def passes(clone: Path, *args: str, via: Sequence[str] = (), within: float | None = None) -> bool:
    """Return whether pytest passes there, within so many seconds."""
    environment = {**os.environ, "PYTHONPATH": f"{clone / 'src'}:{clone}"}
    command = [sys.executable, *via, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    with subprocess.Popen(
        [*command, "--anyio-backends"],
        cwd=clone,
        env=environment,
        process_group=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            return process.wait(within) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def reached(clone: Path, folder: Path) -> CoverageData:
    """Return which tests reach which line."""
    config, data = folder / "coveragerc", folder / "coverage"
    config.write_text(f"[run]\nsource = {KIT}\ndata_file = {data}\n")
    coverage = ["-m", "coverage", "run", f"--rcfile={config}"]
    assert passes(clone, TESTS, "-p", "benchmarks.mutants", via=coverage), "the tests fail"
    found = CoverageData(str(data))
    found.read()
    return found


def tests_of(mutant: Mutant, lines: Mapping[int, Iterable[str]]) -> list[str]:
    """Return the tests that reach what was changed; all tests, if it runs on import."""
    tests = {test for line in mutant.lines for test in lines.get(line, ()) if test}
    own = Path(mutant.module).stem.strip("_")
    # Those of the module itself first: most likely, one of them notices.
    return sorted(tests, key=lambda test: (own not in test.partition("::")[0], test)) or [TESTS]


def survivor(mutant: Mutant, clone: Path, data: CoverageData) -> Survivor | None:
    """Return the change, if no test notices it."""
    git = ["git", "-C", str(clone)]
    apply = [*COSMIC_RAY, "apply", mutant.module, mutant.operator, str(mutant.occurrence)]
    subprocess.run(apply, cwd=clone, check=True)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as arguments:
            lines = data.contexts_by_lineno(data_name(mutant, data))
            tests = tests_of(mutant, lines)
            arguments.write("\n".join(tests))
            arguments.flush()
            within = SECONDS if tests == [TESTS] else min(30 + len(tests), SECONDS)
            if not passes(clone, "-x", f"@{arguments.name}", within=within):
                return None
        diff = subprocess.run([*git, "diff", "-U0"], check=True, capture_output=True, text=True)
    finally:
        subprocess.run([*git, "checkout", "-q", "."], check=True)
    sides = {"-": "", "+": ""}
    for line in diff.stdout.splitlines():
        if line[:1] in sides and line[:3] not in {"---", "+++"}:
            sides[line[0]] += line[1:].strip() + " "
    return Survivor(
        module=mutant.module, was=sides["-"].strip(), became=sides["+"].strip(), reason=""
    )


def data_name(mutant: Mutant, data: CoverageData) -> str:
    """Return the name that coverage has for the module."""
    return next((it for it in data.measured_files() if it.endswith(mutant.module)), mutant.module)


def write(survived: list[Survivor], made: int, tried: int) -> None:
    """Write what is known so far: a sample takes hours, and a smaller one is a part of it."""
    results = Results(
        command=f"python -m benchmarks.mutants --sample {tried}",
        made=made,
        tried=tried,
        noticed=tried - len(survived),
        survived=sorted(survived, key=lambda it: (it["module"], it["was"], it["became"])),
    )
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=200, help="how many mutants are tried")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    given = parser.parse_args()
    reasons = {
        (it["module"], it["was"], it["became"]): it["reason"]
        for it in tomllib.loads(REASONS.read_text())["survivor"]
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clones: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(given.jobs):
            clone = folder / f"clone{number}"
            subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)  # noqa: S607
            clones.put(clone)
        mutants = every_mutant(folder)
        random.Random(1).shuffle(mutants)  # so that a larger sample holds each smaller one
        sample = mutants[: given.sample]
        data = reached(folder / "clone0", folder)

        def tried(mutant: Mutant) -> Survivor | None:
            clone = clones.get()
            try:
                return survivor(mutant, clone, data)
            finally:
                clones.put(clone)

        survived: list[Survivor] = []
        with ThreadPoolExecutor(given.jobs) as threads:
            for number, found in enumerate(threads.map(tried, sample), 1):
                if found is not None:
                    key = found["module"], found["was"], found["became"]
                    survived.append({**found, "reason": reasons.get(key, "")})
                    print(*key, sep="\n  ")
                print(f"{number} of {len(sample)}, {len(survived)} survived", flush=True)
                write(survived, len(mutants), number)


if __name__ == "__main__":
    main()
