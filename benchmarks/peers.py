"""What an order costs, and which bugs are found, by the kit and by its peers.

    python -m benchmarks.peers [--save docs/data/peers.json] [NAME...]

Each peer of peers.toml runs in an environment of its own, made by uv, on the Python that `--python`
names: most need 3.12. Cost: the processor time of one order of three tasks that give way ten times
each, the median of rounds in which the peers take turns. Strength: in how many orders each program
of `benchmarks.programs` fails that needs neither jitter nor cancellation, on asyncio.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from benchmarks.programs import PROGRAMS

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).with_suffix(".toml")
COMMAND = "python -m benchmarks.peers --save docs/data/peers.json"
ROUNDS = 5
COST_ORDERS = 1_000
SEEDS = 5
ORDERS = 1_000
SECONDS = 120  # for a program; a peer that takes longer has not found it

COST = """
import asyncio, sys, time
import anyio

async def task():
    for _ in range(10):
        await asyncio.sleep(0)

async def main():
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(task())

def cost(n):
    scope = {"main": main, "n": n, "asyncio": asyncio, "anyio": anyio}
    exec(sys.argv[1], scope)
    return scope["n_orders"]

cost(50)
began = time.process_time()
n_orders = cost(int(sys.argv[2]))
print((time.process_time() - began) / n_orders * 1e3)
"""

STRENGTH = """
import gc, json, sys
import anyio
from benchmarks.programs import PROGRAMS

def kinds(error):
    if isinstance(error, BaseExceptionGroup):
        return {kind for it in error.exceptions for kind in kinds(it)}
    if type(error).__name__ == "UnhandledExceptionError" and error.__cause__ is not None:
        return kinds(error.__cause__)
    return {type(error).__name__}

LIMITS = {"StepLimitExceeded", "SimLivelockError"}  # a peer's own, and not what the bug raises

code, name, n_seeds, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
gc.freeze()  # some collect after each order
scope = {"anyio": anyio}
exec(code, scope)
run = PROGRAMS[name].wrong
found = []
for seed in range(n_seeds):
    orders = scope["tries"](name, run, seed, n)
    found.append(next((it for it, error in orders if not kinds(error) <= LIMITS), None))
print(json.dumps(found))
"""


class Peer(TypedDict):
    """A way to explore, as peers.toml has it."""

    needs: list[str]
    cost: str
    tries: NotRequired[str]


class Row(TypedDict):
    """What was measured of one way to explore."""

    name: str
    needs: list[str]
    ms: float
    quartiles: tuple[float, float]
    found: NotRequired[dict[str, list[int | None] | None]]
    """By program: in how many orders, for each seed, or null; null for all if it took too long."""


def python_of(peer: Peer, folder: Path, python: str) -> Path:
    """Return the Python of an environment with a peer; make the environment if there is none."""
    place = folder / "-".join(peer["needs"] or ["none"])
    executable = place / "bin" / "python"
    if not executable.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--python", python, place], check=True)
        needs = [f"{ROOT}[testing]", *(it for it in peer["needs"] if it != "awaits-kit")]
        install = [*uv, "pip", "install", "-q", "--python", str(executable), *needs]
        subprocess.run(install, check=True)
    return executable


def run(executable: Path, program: str, *arguments: object) -> str:
    """Run a program in the repository's root, and return the last line that it prints."""
    command = [str(executable), "-c", program, *map(str, arguments)]
    ended = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=SECONDS, cwd=ROOT
    )
    return ended.stdout.splitlines()[-1]


def found_by(executable: Path, tries: str, name: str) -> list[int | None] | None:
    """Return in how many orders a program failed, for each seed."""
    try:
        printed = run(executable, STRENGTH, tries, name, SEEDS, ORDERS)
    except subprocess.TimeoutExpired:
        return None
    return cast("list[int | None]", json.loads(printed))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--python", default="3.13")
    parser.add_argument("--save", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    peers = cast("dict[str, Peer]", tomllib.loads(PEERS.read_text()))
    peers = {name: it for name, it in peers.items() if name in (arguments.names or peers)}
    programs = [name for name, it in PROGRAMS.items() if not it.needs]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        pythons = {
            name: python_of(it, Path(folder), arguments.python) for name, it in peers.items()
        }
        costs: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(ROUNDS):
            for name, peer in peers.items():
                printed = run(pythons[name], COST, peer["cost"], COST_ORDERS)
                costs[name].append(float(printed))
        for name, peer in peers.items():
            first, median, third = statistics.quantiles(costs[name], n=4, method="inclusive")
            row: Row = {
                "name": name,
                "needs": peer["needs"],
                "ms": round(median, 3),
                "quartiles": (round(first, 3), round(third, 3)),
            }
            print(f"{name:50}{median:8.3f} ms an order ({first:.3f} to {third:.3f})", flush=True)
            if "tries" in peer:
                row["found"] = {it: found_by(pythons[name], peer["tries"], it) for it in programs}
                every = sum(None not in (it or [None]) for it in row["found"].values())
                some = sum(any(it or []) for it in row["found"].values())
                print(f"  found {some} of {len(programs)}, {every} with each seed", flush=True)
            rows.append(row)
    if arguments.save is not None:
        data = {
            "command": COMMAND,
            "date": datetime.now(UTC).date().isoformat(),
            "python": arguments.python,
            "seeds": SEEDS,
            "orders": ORDERS,
            "rows": rows,
        }
        arguments.save.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
