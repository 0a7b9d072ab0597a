"""What pytest needs for every room: pytester, and the blocks of the documentation as tests."""

import doctest
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

pytest_plugins = ["pytester"]

# What a terminal or a CI asks for in these would change the output that tests compare.
for name in ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR", "PY_COLORS", "TERM"):
    os.environ.pop(name, None)

# Hundreds of tests start Python, which would have to compile each library again and again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts tests in the background has them ignore Ctrl-C, and so all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test depends on how fast the machine is.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# One fails on purpose, and one takes long: docs/stateful.md shows what they print.
collect_ignore = [f"docs/examples/test_cache_{name}.py" for name in ("machine", "mended")]

ROOT = Path(__file__).parent
EXAMPLES = ROOT / "docs" / "examples"


def _python(example: Example) -> None:
    """Find Python that a page shows in a file that CI runs and checks, word for word."""
    shown: str = example.parsed
    if shown.startswith("--8<--"):  # mkdocs includes the file, and fails if there is none
        return
    files = [file for room in ("src", "tests", "docs") for file in (ROOT / room).rglob("*.py")]
    assert any(shown in file.read_text() for file in files), "this stands in no file that CI runs"


def _console(example: Example) -> str | None:
    """Run the commands that a page shows, in a copy of the examples; compare what they print."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for file in EXAMPLES.iterdir():
            if file.is_file():
                project.joinpath(file.name).write_text(file.read_text())
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1"}
        # Other plugins are there for one page: one warns where this is not set, one changes trio.
        project.joinpath("pytest.ini").write_text(
            "[pytest]\nasyncio_default_fixture_loop_scope = function\nmarkers = slow\n"
            "addopts = -p no:trio\n"
        )
        for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
            command, _, wanted = block.partition("\n")
            printed = subprocess.run(  # noqa: S602 the pages show what a shell is given
                command,
                shell=True,
                cwd=project,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            if not doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS):
                return f"$ {command}\nshown:\n{wanted}\nprinted:\n{printed}"
    return None


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", _python), CodeBlockParser("console", _console)],
    patterns=["*.md"],
).pytest()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave a block to `pytest -m slow` if the line above it, which no reader sees, says so."""
    for item in items:
        example = getattr(item, "example", None)
        if isinstance(example, Example):
            above = example.document.text[: example.start].rstrip()
            if above.endswith("<!-- slow -->"):
                item.add_marker(pytest.mark.slow)
