"""The name to install: on PyPI, `awaits` is another project, and nobody may be sent there."""

import importlib.metadata
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from benchmarks.installed import DATA, table

ROOT = Path(__file__).parent.parent
PACKAGE, DISTRIBUTION = "awaits", "awaits-kit"

COMMANDS = (
    # What installs all that follows it in the command,
    re.compile(r"\b(?:pip3? (?:install|download)|pipx install|uv tool install) ([^\n`&|;#]*)"),
    re.compile(r"\b(?:(?:uv|poetry|pdm) add |session\.install\()([^\n`&|;#]*)"),
    # and what installs one word.
    re.compile(r"\b(?:uvx|uv tool run|pipx run) ([^\s`-]+)"),
    re.compile(r"--(?:with|from|spec)[ =]([^\s`]+)"),
)
NAME = re.compile(rf"(?<![\w./-]){PACKAGE}(?![\w./-])")


def wrongly_installed(text: str) -> list[str]:
    """Return the commands in a text that would install what PyPI has under the package's name."""
    # A command may be broken over two lines of a paragraph, or of a string in Python.
    joined = re.sub(r"""["']\s*\n\s*f?["']""", "", text)
    joined = re.sub(r"\b(install|add|run)\s*\n\s*", r"\1 ", joined)
    commands = (found for command in COMMANDS for found in command.finditer(joined))
    return [found[0].strip() for found in commands if NAME.search(found[1])]


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone: nothing tells what is committed")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(
    "command",
    [
        "pip install NAME",
        "python -m pip install --upgrade 'NAME[testing]'",
        "pip install 'NAME[{extra}]'",
        'f"install it with: pip install "\n    f"\'NAME[http]\'"',
        "you can pip install\nNAME, or not",
        'pip install "NAME>=0.1"',
        "uv add NAME[trio]",
        "uv add --dev pytest NAME",
        "uv pip install NAME",
        "uv tool install NAME",
        "uv run --with NAME pytest",
        "pipx install NAME",
        "pipx run NAME",
        "uvx NAME run",
        "poetry add NAME",
        'session.install("NAME[testing]")',
    ],
)
def test_a_text_that_tells_to_install_the_other_project_is_found(command: str) -> None:
    assert wrongly_installed(command.replace("NAME", PACKAGE))


@pytest.mark.parametrize(
    "command",
    [
        "pip install './NAME[testing]'",
        "pip install NAME-kit",
        "uv add 'NAME-kit[testing]'",
        "pip install dist/NAME_kit-0.1.0-py3-none-any.whl",
        "pip install -q uv && .venv/bin/uv run NAME run --virtual",
        "`pip install NAME-kit`: what PyPI has as `NAME` is another project",
        "uv run --extra cli NAME run",
        "uvx --from NAME-kit[cli] NAME run",
    ],
)
def test_a_text_that_tells_to_install_this_project_is_not(command: str) -> None:
    assert not wrongly_installed(command.replace("NAME", PACKAGE))


def test_no_committed_text_tells_to_install_the_other_project() -> None:
    files = committed()
    assert ROOT / "README.md" in files
    wrong = {
        str(file.relative_to(ROOT)): found
        for file in files
        if (found := wrongly_installed(file.read_text(errors="replace")))
    }
    assert wrong == {}


def test_no_requirement_in_pyproject_is_the_other_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]
    groups: dict[str, list[str | dict[str, str]]] = project["dependency-groups"]
    lists = [project["project"]["dependencies"], *extras.values(), *groups.values()]
    wanted = [it for requirements in lists for it in requirements if isinstance(it, str)]
    assert [it for it in wanted if it.startswith(DISTRIBUTION)]
    assert [it for it in wanted if NAME.match(it)] == []


def test_what_is_installed_has_the_name_that_the_texts_tell() -> None:
    assert importlib.metadata.metadata(DISTRIBUTION)["Name"] == DISTRIBUTION
    (line,) = (it for it in (ROOT / "README.md").read_text().splitlines() if "PyPI" in it)
    assert DISTRIBUTION in line
    assert "another project" in line


def test_the_page_shows_what_each_extra_brings_as_it_was_measured() -> None:
    data = json.loads(DATA.read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert list(data["extras"]) == ["", *project["optional-dependencies"]]
    assert table(data) in (ROOT / "docs" / "install.md").read_text()
