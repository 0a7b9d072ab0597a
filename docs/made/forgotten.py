"""Which check catches a forgotten await: each tried on each way to forget one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.made.data import save

START = """\
import asyncio

import anyio


async def save() -> None:
    await anyio.sleep(0.01)


async def is_open() -> bool:
    await anyio.sleep(0.01)
    return False


async def main() -> None:
"""
CASES = {
    "`save()`, on a line of its own": "save()",
    "`saving = save()`, never awaited": "saving = save()\n    print(saving)",
    "`if is_open():`": 'if is_open():\n        print("open")',
    "`print(save())`": "print(save())",
    "`asyncio.gather(save())`, on a line of its own": "asyncio.gather(save())",
    "`asyncio.create_task(save())`, kept by nobody": "asyncio.create_task(save())",
}
OPTIONAL = "unused-awaitable,truthy-bool,truthy-iterable"
CHECKS = {
    "mypy": "mypy --no-error-summary checked.py",
    "mypy, strict": "mypy --strict --no-error-summary checked.py",
    "mypy, strict and its optional codes": (
        f"mypy --strict --no-error-summary --enable-error-code={OPTIONAL} checked.py"
    ).replace(",", " --enable-error-code="),
    "basedpyright, standard": f"basedpyright --pythonpath {sys.executable} -p standard.json",
    "basedpyright, strict": f"basedpyright --pythonpath {sys.executable} -p strict.json",
    "ruff, `ASYNC` and `RUF`": "ruff check --no-cache --select ASYNC,RUF checked.py",
    "a test": "pytest -q -p no:cacheprovider test_checked.py",
    "a test, with `-W error`": "pytest -q -p no:cacheprovider -W error test_checked.py",
}
TEST = """

def test_it_runs() -> None:
    asyncio.run(main())
"""


def forgotten() -> None:
    """Run each check on each case; keep which complain."""
    found = {
        what: {check: _complains(command, code) for check, command in CHECKS.items()}
        for what, code in CASES.items()
    }
    checks = {name: command.replace(sys.executable, "python") for name, command in CHECKS.items()}
    save("forgotten", "python -m docs.made measure forgotten", {"checks": checks, "found": found})


def _complains(command: str, code: str) -> bool:
    """Say whether a check that accepts the same program with its awaits rejects this one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for mode in ("standard", "strict"):
            settings = f'{{"include": ["checked.py"], "typeCheckingMode": "{mode}"}}'
            folder.joinpath(f"{mode}.json").write_text(settings)
        outcomes: list[int] = []
        for lines in ("await save()", code):
            text = f"{START}    {lines}\n    await asyncio.sleep(0.01)\n"
            folder.joinpath("checked.py").write_text(text)
            folder.joinpath("test_checked.py").write_text(text + TEST)
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            options = "-p no:asyncio -p no:awaits"
            environment = {**os.environ, "PATH": path, "PYTEST_ADDOPTS": options}
            done = subprocess.run(
                command.split(),
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            outcomes.append(done.returncode)
    assert outcomes[0] == 0, f"{command} rejects what is right"
    return outcomes[1] != 0
