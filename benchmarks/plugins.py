"""The kit beside plugins of pytest: `python -m benchmarks.plugins FOLDER [NAME ...]`.

Each plugin gets an environment of its own in `FOLDER`, with this kit. There the tests run that
`nox --session beside` runs, with the kit's options. The results go to docs/data/plugins.json:
whether each test has the outcome that it has without the plugin; and if not, whether the plugin
fails tests without the kit as well.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree as ET

from tests.testing.plugin.beside import TESTS

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "data" / "plugins.json"

# With which options a plugin does something in each run, where it has such options.
PLUGINS: Mapping[str, Sequence[str]] = {
    "allure-pytest": ["--alluredir=allure"],
    "flaky": ["--force-flaky", "--max-runs=2", "--min-passes=2"],
    "pytest-aiohttp": [],
    "pytest-asyncio-cooperative": [],
    "pytest-bdd": [],
    "pytest-benchmark": [],
    "pytest-check": [],
    "pytest-clarity": [],
    "pytest-custom-exit-code": [],
    "pytest-deadfixtures": [],
    "pytest-dependency": [],
    "pytest-durations": [],
    "pytest-env": [],
    "pytest-fail-slow": ["--fail-slow=60"],
    "pytest-forked": ["--forked"],
    "pytest-freezer": [],
    "pytest-github-actions-annotate-failures": [],
    "pytest-html": ["--html=report.html"],
    "pytest-httpserver": [],
    "pytest-httpx": [],
    "pytest-icdiff": [],
    "pytest-instafail": ["--instafail"],
    "pytest-json-report": ["--json-report"],
    "pytest-lazy-fixtures": [],
    "pytest-localserver": [],
    "pytest-md-report": ["--md-report"],
    "pytest-memray": ["--memray"],
    "pytest-mock": [],
    "pytest-mockito": [],
    "pytest-monitor": [],
    "pytest-order": [],
    "pytest-pretty": [],
    "pytest-print": [],
    "pytest-profiling": ["--profile"],
    "pytest-pspec": ["--pspec"],
    "pytest-recording": [],
    "pytest-reportlog": ["--report-log=log.json"],
    "pytest-retry": ["--retries=1"],
    "pytest-rich": ["--rich"],
    "pytest-socket": ["--disable-socket", "--allow-unix-socket"],
    "pytest-spec": ["--spec"],
    "pytest-split": ["--splits=1", "--group=1"],
    "pytest-subtests": [],
    "pytest-sugar": [],
    "pytest-testmon": ["--testmon"],
    "pytest-tornasync": [],
    "pytest-unordered": [],
    "pytest-vcr": [],
    "respx": [],
    "syrupy": [],
    "teamcity-messages": ["--teamcity"],
}
NONE = "no other plugin"
PLAIN = """
import anyio, pytest

@pytest.fixture
async def lock():
    yield anyio.Lock()

@pytest.mark.anyio
async def test_it(lock):
    async with lock:
        await anyio.sleep(0)
"""
RUNS: Sequence[tuple[str, Sequence[str]]] = (
    (TESTS, ["--anyio-backends=asyncio,trio"]),
    (TESTS, ["--anyio-backends=asyncio,trio", "--virtual-time", "--explore=20", "--no-leftovers"]),
    (TESTS, ["--anyio-backends=asyncio,trio", "--virtual-time", "--explore-cancel", "--prove"]),
)
TIMEOUT = 120  # seconds; a run that takes longer has no outcomes

Verdict = Literal["same", "differs", "fails without the kit, too"]
Outcomes = dict[str, str]


def environment(folder: Path, name: str) -> Path:
    """Return the Python of a plugin's environment; make the environment if there is none."""
    python = folder / name.replace(" ", "-") / "bin" / "python"
    if not python.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", python.parent.parent], check=True)
        packages = [f"{ROOT}[testing,trio]", *([] if name == NONE else [name])]
        install = [*uv, "pip", "install", "-q", "--python", str(python), *packages]
        subprocess.run(install, check=True)
    return python


def outcomes(python: Path, tests: str, options: Sequence[str]) -> Outcomes:
    """Run tests; return the outcome of each, by its name.

    What a test leaves behind is told after the fixtures that plugins add: a failure or an error.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(tests)
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        report = Path(folder, "report.xml")
        command = [str(python), "-m", "pytest", f"--junitxml={report}", *options]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return {}
        if not report.exists():
            return {}
        cases = ET.parse(report).iter("testcase")  # noqa: S314 we had it written
        return {str(case.get("name")): _outcome({it.tag for it in case}) for case in cases}


def _outcome(tags: set[str]) -> str:
    return "fails" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passes"


def verdict(folder: Path, name: str, without: Sequence[Outcomes]) -> Verdict:
    """Tell whether tests have the same outcomes beside a plugin."""
    python, options = environment(folder, name), PLUGINS[name]
    found = [outcomes(python, tests, [*given, *options]) for tests, given in RUNS]
    if found == without:
        return "same"
    plain = outcomes(python, PLAIN, ["-p", "no:awaits", *options])
    is_fine = set(plain.values()) == {"passes"}
    return "differs" if is_fine else "fails without the kit, too"


def main(folder: Path, names: Sequence[str]) -> None:
    """Try plugins, and keep the earlier results of the others."""
    alone = environment(folder, NONE)
    without = [outcomes(alone, *run) for run in RUNS]
    if not all(without):
        sys.exit("Without another plugin, the tests have not run; see TIMEOUT.")
    results: dict[str, Verdict] = (
        json.loads(RESULTS.read_text())["plugins"] if RESULTS.exists() else {}
    )
    for name in names or PLUGINS:
        results[name] = verdict(folder, name, without)
        print(f"{name:40} {results[name]}", flush=True)
        found = {
            "command": "python -m benchmarks.plugins FOLDER",
            "plugins": {name: results[name] for name in PLUGINS if name in results},
        }
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plugins",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="for the environments")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these plugins")
    given = parser.parse_args()
    main(given.folder.resolve(), given.names)
