"""Lists that are made of what is there: the command line, tables, and llms.txt."""

import math
import re
import statistics
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import typer.main
from mkdocs.config import load_config

from awaits.cli import app
from benchmarks.explore import Row
from benchmarks.peers import Row as Measured
from docs.made.data import load

DOCS = Path(__file__).parents[1]
Navigation = Sequence["str | Mapping[str, str | Navigation]"]


def command_line() -> str:
    """Return the page of the command `awaits`, from the command itself."""
    lines = [
        "---",
        "description: Every command and option of awaits, the command line of the example program.",
        "---",
        "# The command line",
        "",
        "The command `awaits` comes with the extra `cli` (see [Installing](install.md)).",
        "A mistake of yours is one sentence and exit code 2; Ctrl-C is exit code 130.",
    ]
    group = typer.main.get_group(app)
    for name, command in group.commands.items():
        lines += ["", f"## awaits {name}", "", str(command.help), ""]
        lines += ["| argument or option | does | default |", "|---|---|---|"]
        for parameter in command.params:
            words = " ".join([*parameter.opts[-1:], parameter.metavar or ""]).strip()
            if parameter.param_type_name == "argument":
                words = str(parameter.metavar)
            default = parameter.default
            # Not `in {None, False}`: 0 is equal to False.
            is_told = default is not None and default is not False and not callable(default)
            shown = f"`{default}`" if is_told else ""
            help_text = str(getattr(parameter, "help", "") or "")
            lines.append(f"| `{words}` | {help_text} | {shown} |".replace("||", "|\\|"))
    return "\n".join(lines) + "\n"


def forgotten() -> str:
    """Return the table of which check catches which forgotten await."""
    found: Mapping[str, Mapping[str, bool]] = load("forgotten")["found"]
    checks = list(next(iter(found.values())))
    lines = [f"| | {' | '.join(checks)} |", "|---" * (len(checks) + 1) + "|"]
    for what, by_check in found.items():
        marks = " | ".join("yes" if by_check[check] else "**no**" for check in checks)
        lines.append(f"| {what} | {marks} |")
    return "\n".join(lines) + "\n"


def clock() -> str:
    """Return the table of what virtual time costs, beside its peers."""
    ratios: Mapping[str, float] = load("clock")["over the timer floor"]
    rows = [f"| {name} | {ratio:.2f} |" for name, ratio in ratios.items()]
    return "\n".join(["| | over the timer floor |", "|---|---|", *rows]) + "\n"


def suites() -> str:
    """Return the table of public suites that ran with the kit's options, unchanged."""
    known = tomllib.loads((DOCS.parent / "benchmarks" / "suites.toml").read_text())
    found = load("suites")["suites"]
    options = ["--virtual-time", "--explore=20", "--no-leftovers"]
    heads = [
        "suite",
        "runs with",
        "tests",
        *(f"`{option}`" for option in options),
        "seconds",
        "why",
    ]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|---:|---|"]
    everywhere = [0] * (len(options) + 2)
    for name, suite in found.items():
        outcomes = suite["outcomes"]
        n_failing = [
            str(len(outcomes[option]["fail"])) if outcomes[option]["tests"] else "did not end"
            for option in options
        ]
        without, virtual = (outcomes[it]["seconds"] for it in ("without", "--virtual-time"))
        cells = [name, suite["runs_with"], str(outcomes["without"]["tests"]), *n_failing]
        orders = outcomes["--explore=20"]["orders"]
        why = known[name].get("findings", "")
        cells += [f"{orders:,}", f"{without} to {virtual}", why]
        lines.append(f"| {' | '.join(cells)} |")
        counts = [outcomes["without"]["tests"]]
        counts += [len(outcomes[option]["fail"]) for option in options]
        everywhere = [total + n for total, n in zip(everywhere, [*counts, orders], strict=True)]
    totals = [f"**{total:,}**" for total in everywhere]
    lines.append(f"| **all {len(found)}** | | {' | '.join(totals)} | | |")
    return "\n".join(lines) + "\n"


def strength() -> str:
    """Return the table of programs with bugs: in how many orders each was found."""
    found = load("strength")
    heads = ["program", "needs", "asyncio", "trio", "left"]
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|---|"]
    programs: dict[str, list[Row]] = {}
    for it in found["rows"]:
        row = Row(**it)
        programs.setdefault(row.program, []).append(row)
    for program, rows in programs.items():
        medians = [
            f"{row.median:.0f}" + (f" ({row.found})" if row.found < found["seeds"] else "")
            for row in rows
        ]
        left = sorted({n for row in rows for n in row.deviations})
        sizes = f"{left[0]} to {left[-1]}" if len(left) > 1 else str(left[0])
        lines.append(f"| {' | '.join([program, str(rows[0].known), *medians, sizes])} |")
    return "\n".join(lines) + "\n"


def peers() -> str:
    """Return the table of what an order costs, and which bugs are found, beside the kit's peers."""
    heads = ["", "ms an order", "bugs found", "with each seed", "orders, the median"]
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|---:|"]
    measured = load("peers")
    rows: Sequence[Measured] = measured["rows"]
    for row in rows:
        cells = [row["name"], f"{row['ms']:.2f}", "", "", ""]
        if "found" in row:
            by_program = [orders or [None] for orders in row["found"].values()]
            n_found = sum(any(orders) for orders in by_program)
            n_always = sum(None not in orders for orders in by_program)
            median = statistics.median(
                statistics.median(it or math.inf for it in orders) for orders in by_program
            )
            shown = f"over {measured['orders']:,}" if median == math.inf else f"{median:.0f}"
            cells[2:] = [f"{n_found} of {len(by_program)}", str(n_always), shown]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _pages(navigation: Navigation, section: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the section, the title and the file of each page."""
    for entry in navigation:
        if isinstance(entry, str):
            yield section, "", entry
            continue
        for title, what in entry.items():
            if isinstance(what, str):
                yield section, title, what
            else:
                yield from _pages(what, title)


def llms() -> str:
    """Return llms.txt: what each page tells, for those who read by machine."""
    config = load_config(str(DOCS.parent / "mkdocs.yml"))
    lines = [f"# {config.site_name}", "", f"> {config.site_description}"]
    before = ""
    for section, title, file in _pages(config.nav or []):
        if section != before:
            lines += ["", f"## {section}", ""]
            before = section
        page = (DOCS / file).read_text() if (DOCS / file).is_file() else ""
        heading = re.search(r"^# (.+)$", page, re.MULTILINE)
        told = re.search(r"^description: \"?(.+?)\"?$", page, re.MULTILINE)
        address = file.removesuffix("md") + "html"
        description = f": {told[1]}" if told else ""
        lines.append(f"- [{title or (heading[1] if heading else file)}]({address}){description}")
    return "\n".join(lines) + "\n"


def listed() -> dict[str, str]:
    """Return each list, by the file's path in docs."""
    tables = {
        "data/forgotten.txt": forgotten(),
        "data/clock.txt": clock(),
        "data/peers.txt": peers(),
        "data/strength.txt": strength(),
        "data/suites.txt": suites(),
    }
    return {"command-line.md": command_line(), "llms.txt": llms(), **tables}
