"""The checks that read programs: each tool reads all of them at once, in one run."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from catalogue.runner.bugs import ROOT

Reports: TypeAlias = dict[Path, list[str]]
"""The lines that a tool prints, by the file that they are about."""

STRICT = {"typeCheckingMode": "strict", "reportMissingModuleSource": False}


@dataclass
class Read:
    """What a tool said of all files."""

    reports: Reports = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0


def _run(command: Sequence[str]) -> str:
    """Run a tool of this environment; return what it printed.

    Raises:
        RuntimeError: It broke down, rather than to report something.
    """
    tool = Path(sysconfig.get_path("scripts"), command[0])
    done = subprocess.run(
        [str(tool), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    broken = done.returncode < 0 or (done.returncode != 0 and not done.stdout.strip())
    if broken or "Traceback (most recent" in done.stderr:
        raise RuntimeError(f"{' '.join(command[:3])} broke down: {done.stderr[-2000:]}")
    return done.stdout


def _mypy(files: list[str], *options: str) -> Iterable[str]:
    bases = ("--explicit-package-bases", "--namespace-packages", "--no-pretty")
    return _run(["mypy", *options, *bases, "--no-error-summary", *files]).splitlines()


def mypy(files: list[str]) -> Iterable[str]:
    """Run mypy as it is, without this repository's settings."""
    return _mypy(files, "--config-file=", "--strict", "--hide-error-context")


def mypy_codes(files: list[str]) -> Iterable[str]:
    """Run mypy with this repository's settings."""
    return _mypy(files, "--hide-error-context")


def _of_pyright(name: str, files: list[str], settings: Mapping[str, object]) -> Iterable[str]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pyrightconfig.json")
        included = [os.path.relpath(ROOT / file, folder) for file in files]  # it takes no others
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        config.write_text(json.dumps({**settings, "include": included, "pythonVersion": version}))
        python = f"--pythonpath={sys.executable}"
        printed = _run([name, f"--project={config}", python, "--outputjson"])
    for told in json.loads(printed)["generalDiagnostics"]:
        if told["severity"] in ("error", "warning"):
            line = told["range"]["start"]["line"] + 1
            path = Path(told["file"]).relative_to(ROOT)
            rule = f" ({told['rule']})" if "rule" in told else ""
            yield f"{path}:{line}: {told['severity']}: {_line(told['message'])}{rule}"


def basedpyright(files: list[str]) -> Iterable[str]:
    """Run basedpyright."""
    return _of_pyright("basedpyright", files, STRICT)


def pyright(files: list[str]) -> Iterable[str]:
    """Run pyright."""
    return _of_pyright("pyright", files, STRICT)


def ty(files: list[str]) -> Iterable[str]:
    """Run ty."""
    options = ("--output-format=concise", f"--python={sys.executable}", "--no-progress")
    return _run(["ty", "check", *options, *files]).splitlines()


def pyrefly(files: list[str]) -> Iterable[str]:
    """Run pyrefly."""
    options = ("--output-format=min-text", f"--python-interpreter-path={sys.executable}")
    printed = _run(["pyrefly", "check", *options, "--summary=none", *files])
    # It puts the severity first, and absolute paths.
    for line in printed.replace(f"{ROOT}/", "").splitlines():
        if found := re.match(r"\s*(ERROR|WARN) (\S+?):(\d+):[\d-]+:? (.*)", line):
            yield f"{found[2]}:{found[3]}: {found[1].lower()}: {found[4]}"


def ruff_async(files: list[str]) -> Iterable[str]:
    """Run ruff with its rules for async programs alone."""
    return ruff(["--isolated", "--select=ASYNC", "--target-version=py311", *files])


def ruff(files: list[str]) -> Iterable[str]:
    """Run ruff with this repository's settings."""
    return _run(["ruff", "check", "--output-format=concise", "--no-cache", *files]).splitlines()


def flake8_async(files: list[str]) -> Iterable[str]:
    """Run flake8-async."""
    # By itself: it knows nothing of what flake8's other plugins do.
    return _run(["flake8-async", *files]).splitlines()


def pylint(files: list[str]) -> Iterable[str]:
    """Run pylint, without what it says of style."""
    form = "--msg-template={path}:{line}: {msg_id} {msg} ({symbol})"
    return _run(["pylint", "--disable=C,R", "--score=n", form, *files]).splitlines()


TOOLS: dict[str, Callable[[list[str]], Iterable[str]]] = {
    "mypy": mypy,
    "mypy-codes": mypy_codes,
    "basedpyright": basedpyright,
    "pyright": pyright,
    "ty": ty,
    "pyrefly": pyrefly,
    "ruff-async": ruff_async,
    "ruff": ruff,
    "flake8-async": flake8_async,
    "pylint": pylint,
}


def read(name: str, files: Sequence[Path]) -> Read:
    """Have a tool read files.

    Args:
        name: Which, of `TOOLS`.
        files: What it reads.

    Returns:
        What it said, by file, and how many seconds it took for all of them.
    """
    done = Read()
    begun = time.monotonic()
    for line in TOOLS[name]([str(file.relative_to(ROOT)) for file in files]):
        found = re.match(r"(\S+?\.py):\d+", line)
        if found and ": note:" not in line and ": info" not in line:
            done.reports[ROOT / found[1]].append(line)
    done.seconds = time.monotonic() - begun
    return done


def _line(text: str) -> str:
    return " ".join(text.split())
