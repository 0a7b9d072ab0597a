"""The pages of the site: the tables of bugs in the wild, and a page for each."""

from collections.abc import Iterable

from catalogue.wild.bugs import WildBug, all_bugs
from catalogue.wild.data import Failed, Outcome, Outcomes, Survived, read


def pages() -> dict[str, str]:
    """Return the pages that are made whole, by their path in the site's sources."""
    outcomes = read()
    return {f"catalogue/wild/{bug.id}.md": _page(bug, outcomes[bug.id]) for bug in all_bugs()}


def blocks() -> dict[str, str]:
    """Return the parts of written pages that are made, by the name that stands in their place."""
    outcomes, bugs = read(), all_bugs()
    known = [bug for bug in bugs if not bug.is_new]
    new = [bug for bug in bugs if bug.is_new]
    return {
        "wild_known": _table(known, outcomes, "has it, has it not"),
        "wild_new": _table(new, outcomes, "has it"),
        "wild_summary": summary(bugs, outcomes),
    }


def summary(bugs: Iterable[WildBug], outcomes: Outcomes) -> str:
    """Return in a few sentences what was found, and how much it took."""
    known = [bug for bug in bugs if not bug.is_new]
    new = [bug for bug in bugs if bug.is_new]
    found = {bug.id: run for bug in bugs if isinstance(run := outcomes[bug.id].broken, Failed)}
    at_once = sum(run.orders == 1 for run in found.values())
    libraries = len({bug.library.split(".")[0] for bug in bugs} - {"asyncio"})
    unreported = sum(not bug.source for bug in new)
    return (
        f"{len(known)} bugs that were mended, and {len(new)} of current releases, {unreported} of"
        f" them not found reported, in {libraries} libraries and Python itself."
        f" {at_once} of the {len(found)} tests fail in the first order, the event loop's own; the"
        f" others took at most {max(run.orders for run in found.values())} orders. No order that"
        f" was made small has more than {max(run.size for run in found.values())} delays and"
        " cancellations."
    )


def _table(bugs: Iterable[WildBug], outcomes: Outcomes, versions: str) -> str:
    lines = [
        f"| library | rank | {versions} | what breaks | orders | the order, made small | source |",
        "|---|---|---|---|---:|---|---|",
    ]
    lines += [_row(bug, outcomes[bug.id]) for bug in bugs]
    return "\n".join(lines)


def _row(bug: WildBug, outcome: Outcome) -> str:
    run = outcome.broken
    assert isinstance(run, Failed), bug.id
    versions = bug.broken.version + (f", {bug.mended.version}" if bug.mended else "")
    name = f"[{bug.library}](catalogue/wild/{bug.id}.md)"
    order = f"`{run.schedule}`" if run.size else "the first"
    source = f"[told]({bug.source})" if bug.source else "not found told"
    rank = bug.downloads or "-"
    return f"| {name} | {rank} | {versions} | {bug.breaks} | {run.orders} | {order} | {source} |"


def _page(bug: WildBug, outcome: Outcome) -> str:
    """Return the page of a bug."""
    reading = " This is our reading; it does not say so in these words." if bug.reading else ""
    told = f"<{bug.source}>" if bug.source else "not found, in a search in November 2026"
    parts = [
        f"# {bug.library}: `{bug.id}`",
        bug.breaks,
        "\n".join(
            [
                f"- What is promised: {bug.promise} (<{bug.promise_url}>){reading}",
                f"- Where the bug is told of: {told}",
                f"- Event loop: {bug.backends}",
                *([f"- Downloads: the {bug.downloads} of PyPI"] if bug.downloads else []),
            ]
        ),
        "## The test",
        _code("python", (bug.folder / "test_it.py").read_text(encoding="utf-8")),
        "## What came of it",
        "\n".join(f"- {line}" for line in _came(outcome)),
    ]
    if outcome.confirmed:
        script = (bug.folder / "confirm.py").read_text(encoding="utf-8")
        parts += [
            "## Without the kit",
            _code("python", script),
            "It prints:",
            _code("text", outcome.confirmed.printed),
            "## The report",
            _report(bug),
        ]
    parts.append("[All bugs in the wild](../../wild.md)")
    return "\n\n".join(parts) + "\n"


def _code(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _report(bug: WildBug) -> str:
    """Return the report, as a part of a page, without its link to the script above."""
    text = (bug.folder / "report.md").read_text(encoding="utf-8")
    text = text.replace("[confirm.py](confirm.py)", "`confirm.py`")
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in text.splitlines())


def _came(outcome: Outcome) -> Iterable[str]:
    for run in (outcome.broken, outcome.mended):
        if isinstance(run, Failed):
            order = f"in `{run.schedule}`" if run.size else "in the event loop's own order"
            yield (
                f"{run.version} fails {order}, found as order {run.orders}"
                f" in {run.seconds:.2g} s: `{run.said}`"
            )
        elif isinstance(run, Survived):
            yield f"{run.version} passes in each of {run.orders:,} orders, in {run.seconds:.2g} s"
