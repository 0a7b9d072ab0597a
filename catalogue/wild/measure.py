"""Runs the test of a bug, in an environment made for each version of the library."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from catalogue.wild.bugs import ROOT, Version, WildBug
from catalogue.wild.data import Confirmed, Failed, Outcome, Survived

ENVIRONMENTS = Path(os.environ.get("AWAITS_WILD", Path(tempfile.gettempdir()) / "awaits-wild"))
LONGEST = 300.0  # seconds that a run may take

EXPLORED = re.compile(r"^explored: \d+ tests?, ([\d,]+) orders?", re.MULTILINE)
REPLAYS = re.compile(r"It replays with: @pytest\.mark\.explore\((Schedule\(.*\))\)")
ERROR = re.compile(r"^(?:E|  )[ |]+((?:\w+\.)*\w*(?:Error|Exception|Timeout)\b.*)$", re.MULTILINE)
ASSERTED = re.compile(r"^E +(assert .*)$", re.MULTILINE)
DEVIATION = re.compile(r"\(\d+, (?:\d+|'every')\): ")
CANCELLED = re.compile(r"cancel=(?:\d+|\((\d+(?:, \d+)+)\))")
MADE_UP = re.compile(r"[^\s'\"]+/site-packages/")  # where the environment is
EACH_RUN = re.compile(r"0x[0-9a-f]{6,}|(?<=127\.0\.0\.1', )\d+|(?<=line )\d+")


def environment(version: Version) -> Path:
    """Return the Python of an environment with the kit and a version, made at the first call."""
    told = repr((ROOT, version.python, version.requires, version.overrides))
    folder = ENVIRONMENTS / hashlib.sha256(told.encode()).hexdigest()[:12]
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "made").exists():
        _uv("venv", "-q", "--clear", "--python", version.python, str(folder))
        pinned = folder / "overrides.txt"
        pinned.write_text("\n".join(version.overrides), encoding="utf-8")
        _uv(
            "pip", "install", "-q", "--python", str(python), "--override", str(pinned),
            "-e", f"{ROOT}[testing,trio]", *version.requires,
        )  # fmt: skip
        (folder / "made").touch()
    return python


def is_here(bug: WildBug) -> bool:
    """Return whether the Pythons of a bug are on this machine."""
    try:
        for version in (bug.broken, bug.mended or bug.broken):
            _uv("python", "find", "-q", "--no-python-downloads", "--system", version.python)
    except subprocess.CalledProcessError:
        return False
    return True


def _uv(*arguments: str) -> None:
    # uv looks for a Python on the path, and pyenv's there may be for one version alone.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    path = [str(folder) for folder in sorted(pyenv.glob("versions/3.*/bin"), reverse=True)]
    path.append(os.environ.get("PATH", ""))
    variables = {**os.environ, "PATH": os.pathsep.join(path)}
    command = [uv] if (uv := shutil.which("uv")) else [sys.executable, "-m", "uv"]
    subprocess.run(
        [*command, *arguments],
        check=True,
        env=variables,
        timeout=LONGEST,
        stdout=subprocess.DEVNULL,
    )


def _run(python: Path, folder: Path, *arguments: str) -> tuple[int, str, float]:
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    variables.pop("PYTEST_ADDOPTS", None)
    begun = time.monotonic()
    ran = subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )
    return ran.returncode, ran.stdout, time.monotonic() - begun


def explored(bug: WildBug, version: Version) -> Failed | Survived:
    """Run the test of a bug on a version.

    Raises:
        RuntimeError: The test neither passed nor failed by an order.
    """
    given = ("-m", "pytest", "-q", f"--anyio-backends={bug.backends}", "test_it.py")
    code, printed, seconds = _run(environment(version), bug.folder, *given)
    orders = EXPLORED.search(printed)
    n_orders = int(orders[1].replace(",", "")) if orders else 0
    if code == 0 and n_orders:
        return Survived(version.version, n_orders, seconds)
    if code != 1 or "\nFAILED test_it.py" not in printed or "\nERROR test_it.py" in printed:
        raise RuntimeError(f"{bug.id}, {version.version}: pytest ended with {code}.\n{printed}")
    replays = REPLAYS.search(printed)
    schedule = replays[1] if replays else "Schedule()"
    errors = ERROR.findall(printed) or ASSERTED.findall(printed)
    told = EACH_RUN.sub("...", errors[-1]) if errors else ""  # the last is what others led to
    return Failed(version.version, n_orders or 1, schedule, size(schedule), told, seconds)


def size(schedule: str) -> int:
    """Return how many delays and cancellations a schedule has, as it is printed."""
    cancelled = CANCELLED.search(schedule)
    # `(2, 3, 4)` cancels task 2 twice.
    n_cancelled = max(1, (cancelled[1] or "").count(",")) if cancelled else 0
    return len(DEVIATION.findall(schedule)) + n_cancelled


def confirmed(bug: WildBug) -> Confirmed:
    """Run the script that shows a bug without the kit."""
    code, printed, _ = _run(environment(bug.broken), bug.folder, "confirm.py")
    return Confirmed(code == 1, MADE_UP.sub("", EACH_RUN.sub("...", printed)).strip())


def measure(bug: WildBug) -> Outcome:
    """Run the test of a bug on the version that has it, and on the one that has not."""
    broken = explored(bug, bug.broken)
    mended = None if bug.mended is None else explored(bug, bug.mended)
    return Outcome(broken, mended, confirmed(bug) if bug.is_new else None)
