"""The stubs of typings/: each is checked against what it describes, and the check catches a lie."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TYPINGS = ROOT / "typings"


def stubtest(folder: Path) -> subprocess.CompletedProcess[str]:
    """Compare the stub of async-solipsism in a folder with what is installed."""
    pytest.importorskip("async_solipsism")
    options = ["--concise", "--ignore-missing-stub", "--ignore-unused-allowlist"]
    options += [f"--allowlist={TYPINGS / 'allowlist.txt'}"]
    return subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", *options, "async_solipsism"],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the stub of async-solipsism."""
    shutil.copytree(TYPINGS / "async_solipsism", tmp_path / "async_solipsism")
    return tmp_path


def test_each_stub_is_checked_by_the_hook_or_where_the_peers_are_installed() -> None:
    hook = (ROOT / ".pre-commit-config.yaml").read_text().split("id: stubtest")[1]
    arguments = re.search(r"args: \[(.*)\]", hook)
    assert arguments
    checked = {name for name in arguments[1].split(", ") if not name.startswith("-")}
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    peers = {requirement.partition(">=")[0] for requirement in groups["bench"]}

    assert checked | peers == {stub.parent.name for stub in TYPINGS.glob("*/__init__.pyi")}
    assert not checked & peers


def test_a_stub_that_lies_fails(copy: Path) -> None:
    stub = copy / "async_solipsism" / "__init__.pyi"
    text = stub.read_text()
    stub.write_text(text.replace("__init__(self)", "__init__(self, start: float = 0.0)"))
    assert stub.read_text() != text

    told = stubtest(copy)

    assert told.returncode == 1
    assert len(told.stdout.splitlines()) == 1, told.stdout  # all else is true
    assert "EventLoop.__init__ is inconsistent" in told.stdout
    assert 'runtime does not have parameter "start"' in told.stdout
