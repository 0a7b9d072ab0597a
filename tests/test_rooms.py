"""What is loaded when: a user pays for what was asked for. Who may know whom: see import-linter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from awaits.checks import to_install

ROOT = Path(__file__).parent.parent
HEAVY = {
    "distributed", "httpx2", "hypothesis", "matplotlib", "pytest", "rich", "sqlite_anyio",
    "stamina", "trio", "typer", "uvloop",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(printed.stdout.split())


@pytest.mark.parametrize(
    ("statement", "may_load"),
    [
        ("import awaits", set[str]()),
        ("import awaits.hello", set[str]()),
        ("import awaits.sources", set[str]()),
        ("import awaits.__main__", set[str]()),
        ("import awaits.fetch.calls, awaits.fetch.urls", set[str]()),
        ("import awaits.fetch.many", {"httpx2", "sqlite_anyio", "stamina"}),
        ("import awaits.compare.advice, awaits.compare.announced, awaits.timeline", set[str]()),
        ("import awaits.testing", set[str]()),
        ("import awaits.testing.backends", set[str]()),
        ("import awaits.testing.plugin", {"pytest"}),
        ("from awaits.testing import VirtualClock", set[str]()),
        ("import awaits.cli", {"rich", "typer"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(statement: str, may_load: set[str]) -> None:
    assert loaded_by(statement) & HEAVY == may_load


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("awaits.fetch.many", "httpx2"),
        ("awaits.fetch.many", "stamina"),
        ("awaits.fetch.one", "httpx2"),
        ("awaits.fetch.saved", "sqlite_anyio"),
    ],
)
def test_an_import_without_its_extra_says_what_to_install(module: str, library: str) -> None:
    code = f"import sys; sys.modules[{library!r}] = None; import {module}"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    ).stderr

    sentence = f"ModuleNotFoundError: {library} is not installed; {to_install('http')}"
    assert told.splitlines()[-1] == sentence


def test_the_kit_has_no_other_names() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from awaits.testing import nothing")  # noqa: S102 a type checker knows it as well


def test_the_plugin_adds_no_library_to_pytest() -> None:
    def modules(*args: str) -> set[str]:
        code = f"import pytest, sys; pytest.main({['--version', *args]}); print(*sys.modules)"
        printed = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return {name.partition(".")[0] for name in printed.stdout.split()}

    assert modules() - modules("-p", "no:awaits") <= {"awaits", "anyio"}


def test_the_table_for_contributors_has_every_module_of_the_kit_and_every_measurement() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    modules = {
        path.name if path.suffix else f"{path.name}/"
        for path in (ROOT / "src" / "awaits" / "testing").iterdir()
        if not path.name.startswith("__")
    }
    measurements = {
        f".{path.stem}" for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "program"
    }

    assert modules - set(re.findall(r"`([^`]*)`", told)) == set()
    assert measurements - {".mutants"} - set(re.findall(r"`([^`]*)`", told)) == set()


def test_no_file_of_tests_has_more_than_400_lines() -> None:
    long = {
        path.name: n
        for path in Path(__file__).parent.rglob("test_*.py")
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
