"""Each row of the tables of *Coming from*: what stands on its left, and on its right, run."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from tests.site.conftest import ROOT
from tests.site.rows import STAYS, Row
from tests.site.rows.clocks import LOOPTIME, SOLIPSISM, WALL_CLOCKS
from tests.site.rows.explorers import DETANGLE, FRONTRUN
from tests.site.rows.runners import MOCKCLOCK, PYTEST_ASYNCIO

pytestmark = pytest.mark.slow

OTHERS = "import anyio, asyncio, contextlib, pytest, threading, time\n"
KIT = "from awaits.testing import Schedule, every_schedule, schedules, virtual_time\n"
WALL = "import time_machine\nfrom datetime import UTC, datetime\n"
PLUGINS = {  # of pytest, by their modules
    "detangle": "detangle",
    "frontrun": "frontrun",
    "looptime": "looptime_plugin",
    "pytest_asyncio": "asyncio",
    "pytest_randomly": "randomly",
    "pytest_rerunfailures": "rerunfailures",
    "pytest_trio": "trio",
    "pytest_twisted": "twisted",
}


class Table(NamedTuple):
    """A page's table.

    Attributes:
        rows: Those that have code.
        without_code: How the left cells of the others begin: "no such thing".
        comes_from: The module without which no left cell runs.
        head: What the tests begin with.
        runner: The module of the plugin that runs the tests.
    """

    rows: list[Row]
    without_code: tuple[str, ...]
    comes_from: str
    head: str = OTHERS
    runner: str = "pytest_asyncio"


TABLES = {
    "pytest-asyncio": Table(
        PYTEST_ASYNCIO,
        (),
        "pytest_asyncio",
        f"{OTHERS}import pytest_asyncio\nfrom unittest import mock\n",
    ),
    "mockclock": Table(
        MOCKCLOCK,
        ("`mock_clock.rate = 10`",),
        "pytest_trio",
        f"{OTHERS}import trio, trio.testing\n",
        "pytest_trio",
    ),
    "looptime": Table(LOOPTIME, (), "looptime"),
    "async-solipsism": Table(SOLIPSISM, ("`aiohttp`",), "async_solipsism"),
    "freezegun": Table(
        WALL_CLOCKS, ("`auto_tick_seconds`, `ignore=[...]`",), "time_machine", OTHERS + WALL
    ),
    "detangle": Table(DETANGLE, (), "detangle"),
    "frontrun": Table(
        FRONTRUN,
        (
            "random schedules of bytecode",
            "the accesses that conflicted, and why",
            "`# frontrun: ...` markers",
            "threads, processes",
        ),
        "frontrun",
    ),
}
ROWS = [
    pytest.param(name, row, id=f"{name}: {row.left}")
    for name, table in TABLES.items()
    for row in table.rows
]


def run(folder: Path, name: str, tests: str, *options: str) -> str:
    table = TABLES[name]
    uses_kit = "no:awaits" not in options
    folder.joinpath("test_it.py").write_text(table.head + (KIT if uses_kit else "") + dedent(tests))
    folder.joinpath("pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    needs = {table.runner, *([] if uses_kit else [table.comes_from])}
    off = [f"-pno:{plugin}" for module, plugin in PLUGINS.items() if module not in needs]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *off, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout


def prints(wanted: str, printed: str) -> bool:
    """Tell whether it was printed; a star stands for anything."""
    return bool(re.search(".*".join(map(re.escape, wanted.split("*"))), printed))


@pytest.mark.parametrize("name", TABLES)
def test_each_row_has_its_code(name: str) -> None:
    text = ROOT.joinpath(f"docs/coming-from/{name}.md").read_text()
    cells = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    table = TABLES[name]
    lefts = [cell for cell, right in cells if not right.endswith("the kit")]
    wanted = [cell for cell in lefts if not cell.startswith(table.without_code or "nothing")]
    assert len(lefts) == len(wanted) + len(table.without_code)
    assert [
        cell for cell, row in zip(wanted, table.rows, strict=True) if not cell.startswith(row.left)
    ] == []


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_what_it_comes_from(name: str, row: Row, tmp_path: Path) -> None:
    if importlib.util.find_spec(TABLES[name].comes_from) is None:
        pytest.skip(f"{TABLES[name].comes_from} is not here; nox --session beside has it")
    printed = run(tmp_path, name, row.before, "-p", "no:awaits", *row.without.split())
    assert prints(row.printed, printed), printed


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_what_it_becomes(name: str, row: Row, tmp_path: Path) -> None:
    after = row.before if row.after == STAYS else row.after
    printed = run(tmp_path, name, after, *row.options.split())
    assert prints(row.prints, printed), printed
