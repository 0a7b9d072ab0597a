"""What each extra brings into a clean environment: `python -m benchmarks.installed`.

It installs a wheel of this clone with each extra, in an environment of its own, and counts what is
there then, this package included. It writes `docs/data/installed.json` and prints the table of
`docs/install.md`. It takes `uv` from the PATH, and packages from where uv takes them.
"""

import json
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).parent.parent
DATA = ROOT / "docs" / "data" / "installed.json"

# What is imported to see that the extra brings it.
BROUGHT = {
    "": "anyio, awaits, awaits.testing",
    "cli": "awaits.cli",
    "http": "httpx2, sqlite_anyio, stamina",
    "plot": "matplotlib.figure",
    "distributed": "distributed",
    "trio": "trio.testing",
    "testing": "hypothesis, awaits.testing.plugin",
    "wall": "time_machine",
}


class Installed(TypedDict):
    """What is installed with one extra."""

    distributions: list[str]
    megabytes: float


class Data(TypedDict):
    """What is committed: the figures, by extra, and where they come from."""

    command: str
    date: str
    python: str
    system: str
    extras: dict[str, Installed]


def uv(*args: str | Path) -> None:
    subprocess.run(["uv", "-q", *args], check=True)  # noqa: S607 from the PATH


def install(wheel: Path, extra: str, environment: Path) -> Installed:
    """Install the wheel with an extra in a new environment, and import what it brings.

    Args:
        wheel: The wheel of this project.
        extra: The extra's name; empty for none.
        environment: Where the environment is made.

    Returns:
        What is there then, in millions of bytes, without what Python compiles.
    """
    uv("venv", "--python", sys.executable, environment)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    what = f"{wheel}[{extra}]" if extra else str(wheel)
    uv("pip", "install", "--python", python, what)
    code = f"import {BROUGHT[extra]}, sysconfig; print(sysconfig.get_path('purelib'))"
    printed = subprocess.run(
        [python, "-B", "-c", code], cwd=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    packages = Path(printed.strip())
    n_bytes = sum(file.stat().st_size for file in packages.rglob("*") if file.is_file())
    return {"distributions": sorted(names(packages)), "megabytes": round(n_bytes / 1e6, 1)}


def names(packages: Path) -> Iterator[str]:
    for folder in packages.glob("*.dist-info"):
        name = folder.name.removesuffix(".dist-info").rpartition("-")[0]
        yield name.replace("_", "-").lower()


def table(data: Data) -> str:
    """Return the figures as the table that the page shows."""
    lines = [
        "| extra | distributions | MB | which, beside those of the first line |",
        "|---|---|---|---|",
    ]
    always: set[str] = set()
    for extra, installed in data["extras"].items():
        which = ", ".join(sorted({*installed["distributions"]} - always))
        always = always or {*installed["distributions"]}
        name = f"`{extra}`" if extra else "none"
        n = len(installed["distributions"])
        lines.append(f"| {name} | {n} | {installed['megabytes']} | {which} |")
    return "\n".join(lines) + "\n"


def benchmark() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with tempfile.TemporaryDirectory() as folder:
        uv("build", "--wheel", "-o", folder, ROOT)
        (wheel,) = Path(folder).glob("*.whl")
        data: Data = {
            "command": "python -m benchmarks.installed",
            "date": f"{datetime.now(tz=UTC):%Y-%m-%d}",
            "python": platform.python_version(),
            "system": platform.system(),
            "extras": {
                extra: install(wheel, extra, Path(folder, f"with-{extra}"))
                for extra in ["", *project["optional-dependencies"]]
            },
        }
    DATA.write_text(json.dumps(data, indent=1) + "\n")
    print(table(data), end="")


if __name__ == "__main__":
    benchmark()
