"""The pages of the site: the table, one for each bug, and what the cells say of mocking."""

import difflib
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from catalogue.runner.bugs import FAMILIES, Bug, all_bugs
from catalogue.runner.checks import BY_ID, CHECKS, Check
from catalogue.runner.data import OUTCOMES, Cell, Cells, Measured, Outcome, read
from catalogue.runner.summary import alone, gains, seen_by, seen_by_any, sentences, teams

STYLE = Path(__file__).with_name("table.css")
SIGNS: dict[Outcome, str] = {
    "caught": "✓",
    "false alarm": "!",
    "missed": "·",
    "does not apply": "-",
}
KINDS = {"static": "reads the program", "watching": "watches a test", "test": "is a test"}


def pages() -> dict[str, str]:
    """Return the pages that are made whole, by their path in the site's sources."""
    measured = read()
    return {f"catalogue/{bug.id}.md": bug_page(bug, measured.cells[bug.id]) for bug in all_bugs()}


def blocks() -> dict[str, str]:
    """Return the parts of written pages that are made, by the name that stands in their place."""
    measured, bugs = read(), all_bugs()
    return {
        "measured": _measured(measured),
        "summary": _bullets(sentences(measured.cells)),
        "table": table(bugs, measured.cells),
        "checks": _checks(measured),
        "teams": _teams(measured.cells),
        "unseen": _unseen(bugs, measured.cells),
        "mocking": mocking(bugs, measured.cells),
    }


def bug_page(bug: Bug, row: dict[str, Cell]) -> str:
    """Return the page of a bug."""
    caught = [check for check in CHECKS if row[check.id].outcome == "caught"]
    by = ", ".join(f"[{check.title}](#{check.id})" for check in caught) or "no check"
    since = f"{bug.since}; measured on Python {bug.python}" if bug.python else bug.since
    parts = [
        f"# {bug.name}",
        bug.sentence,
        _bullets(
            [
                f"Family: {bug.family}",
                f"Source: <{bug.source}>",
                f"Since: {since}",
                f"Event loops: {', '.join(bug.backends)}",
                f"Caught by: {by}",
            ]
        ),
        "## The wrong program and the right one",
        f"```diff\n{_diff(bug)}```",
        "## The tests",
        f"```python\n{bug.test.read_text(encoding='utf-8')}```",
        "## What each check says",
        *(_cell(check, row[check.id]) for check in sorted(CHECKS, key=lambda it: _rank(it, row))),
        "[All bugs](../catalogue.md)",
    ]
    return "\n\n".join(parts) + "\n"


def _rank(check: Check, row: dict[str, Cell]) -> int:
    return OUTCOMES.index(row[check.id].outcome)


def _diff(bug: Bug) -> str:
    wrong, right = (
        bug.file(program).read_text(encoding="utf-8").splitlines(keepends=True)
        for program in ("wrong", "right")
    )
    return "".join(difflib.unified_diff(wrong, right, "wrong.py", "right.py", n=99))


def _cell(check: Check, cell: Cell) -> str:
    """Return the part of a page to which a cell of the table links."""
    told = [f"<h3>{_code(check.title)}: {cell.outcome}</h3>"]
    if cell.outcome == "does not apply":
        why = "This Python or event loop does not have it, or it has no such test."
        told.append(f"<p>{why}</p>")
    else:
        told.append(f"<p>{_code(cell.command)} ({cell.seconds:.2g} s)</p>")
        which = "right" if cell.outcome == "false alarm" else "wrong"
        printed = cell.printed.strip("\n")
        told.append(
            f"<p>Of the {which} program it says:</p><pre><code>{escape(printed)}</code></pre>"
            if printed
            else f"<p>It says nothing of the {which} program.</p>"
        )
    return f'<section id="{check.id}">{"".join(told)}</section>'.replace("\n\n", "\n&#32;\n")


def _code(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{it}</code>" if n % 2 else it for n, it in enumerate(parts))


def table(bugs: Iterable[Bug], cells: Cells) -> str:
    """Return the table, with filters that need no script."""
    head = "".join(
        f'<th scope="col" class="check-{check.id}"><span>{check.title}</span></th>'
        for check in CHECKS
    )
    rows = "\n".join(_row(bug, cells[bug.id]) for bug in bugs)
    filters = "".join(
        [
            _select("family", "Family", {_slug(it): it for it in FAMILIES}),
            _select("check", "Check", {check.id: check.title for check in CHECKS}),
            _select("backend", "Event loop", {"asyncio": "asyncio", "trio": "trio"}),
        ]
    )
    return f"""<style>{"".join(_rules())}</style>
<div class="catalogue">
<form class="filters" aria-label="Filters">{filters}</form>
<p>{", ".join(f"<b>{sign}</b> {word}" for word, sign in SIGNS.items())}</p>
<div class="scrolled" role="region" aria-label="Bugs and checks" tabindex="0"><table class="cells">
<caption>What each check makes of each bug. A cell links to what its run printed.</caption>
<thead><tr><th scope="col">Bug</th>{head}</tr></thead>
<tbody>
{rows}
</tbody></table></div></div>"""


def _row(bug: Bug, row: dict[str, Cell]) -> str:
    cells = "".join(
        f'<td class="check-{check.id} {_slug(row[check.id].outcome)}">'
        f'<a href="catalogue/{bug.id}.html#{check.id}" aria-label="{row[check.id].outcome}"'
        f' title="{check.title}: {row[check.id].outcome}">{SIGNS[row[check.id].outcome]}</a></td>'
        for check in CHECKS
    )
    classes = [f"family-{_slug(bug.family)}", *(f"backend-{it}" for it in bug.backends)]
    name = f'<a href="catalogue/{bug.id}.html">{_code(bug.name)}</a>'
    return f'<tr class="{" ".join(classes)}"><th scope="row">{name}</th>{cells}</tr>'


def _select(name: str, title: str, choices: dict[str, str]) -> str:
    options = "".join(f'<option value="{key}">{text}</option>' for key, text in choices.items())
    every = f'<option value="">all</option>{options}'
    return f'<label>{title} <select name="{name}">{every}</select></label> '


def _rules() -> Iterator[str]:
    """Yield the style sheet: what the table looks like, and what each choice hides."""
    yield STYLE.read_text(encoding="utf-8")
    chosen = '.catalogue:has([name="{}"] option[value="{}"]:checked)'
    for family in map(_slug, FAMILIES):
        yield f"{chosen.format('family', family)} tbody tr:not(.family-{family}),\n"
    for check in CHECKS:
        hidden = f"[class*='check-']:not(.check-{check.id})"
        yield f"{chosen.format('check', check.id)} {hidden},\n"
    for backend in ("asyncio", "trio"):
        yield f"{chosen.format('backend', backend)} tbody tr:not(.backend-{backend}),\n"
    yield ".catalogue .nothing { display: none; }\n"


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _measured(measured: Measured) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in measured.versions.items())
    n, k = len(measured.cells), len(CHECKS)
    return (
        f"{n} bugs, {k} checks: {n * k:,} cells, measured on {measured.date} in"
        f" {measured.seconds} s, with {versions}."
    )


def _checks(measured: Measured) -> str:
    """Return the table of checks: how each is done, what it sees, and what nothing else sees."""
    every = [check.id for check in CHECKS]
    lines = [
        "| check | it | how | catches | false alarms | and no other does |",
        "|---|---|---|---:|---:|---:|",
    ]
    for check in CHECKS:
        false = sum(row[check.id].outcome == "false alarm" for row in measured.cells.values())
        n_alone = len(alone(measured.cells, check.id, every))
        n_seen = len(seen_by(measured.cells, check.id))
        about = f"| {check.title} | {KINDS[check.kind]} | {check.told}"
        lines.append(f"{about} | {n_seen} | {false} | {n_alone} |")
    return "\n".join(lines)


def _teams(cells: Cells) -> str:
    """Return the table of the sets that see most."""
    lines = ["| checks | which see most | bugs | what each adds |", "|---:|---|---:|---|"]
    for team in teams(cells, [check.id for check in CHECKS]):
        titles = ", ".join(BY_ID[check].title for check in team.checks)
        added = ", ".join(f"+{len(bugs)}" for _, bugs in gains(cells, team.checks))
        lines.append(f"| {len(team.checks)} | {titles} | {len(team.seen)} | {added} |")
    return "\n".join(lines)


def _unseen(bugs: Iterable[Bug], cells: Cells) -> str:
    seen = seen_by_any(cells, BY_ID)
    return _links([bug for bug in bugs if bug.id not in seen]) or "- none"


def _links(bugs: Iterable[Bug]) -> str:
    return "\n".join(f"- [{bug.name}](catalogue/{bug.id}.md)" for bug in bugs)


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def mocking(bugs: list[Bug], cells: Cells) -> str:
    """Return what the cells say of how much mocking is right."""
    both = [
        bug
        for bug in bugs
        if "does not apply"
        not in (cells[bug.id]["patched"].outcome, cells[bug.id]["waiting"].outcome)
    ]
    rows = {bug.id: cells[bug.id] for bug in both}
    seen = {check: seen_by(rows, check) for check in BY_ID}
    lost = seen["waiting"] - seen["patched"]
    kept = [bug for bug in both if bug.id in lost and bug.id in seen["virtual"]]
    n = len(both)
    families = "\n".join(_family_line(family, both, seen) for family in FAMILIES)
    patched = [bug for bug in both if bug.id in seen["patched"]]
    return f"""{n} bugs have a test with a mock beside the test that waits, for the same promise.

| test | catches, of {n} |
|---|---:|
| with the call, or the sleep, replaced by a mock | {len(seen["patched"])} |
| that waits in real time | {len(seen["waiting"])} |
| in virtual time | {len(seen["virtual"])} |
| in explored orders of its tasks | {len(seen["explored"])} |

The mock hides {len(lost)} bugs that the same promise, tested without a mock, shows. Of these,
virtual time shows {len(kept)}, and it does not wait either.

| family | bugs | with a mock | that waits | in virtual time |
|---|---:|---:|---:|---:|
{families}

These the mock shows:

{_links(patched)}
"""


def _family_line(family: str, bugs: list[Bug], seen: dict[str, frozenset[str]]) -> str:
    ids = {bug.id for bug in bugs if bug.family == family}
    found = " | ".join(str(len(ids & seen[check])) for check in ("patched", "waiting", "virtual"))
    return f"| {family} | {len(ids)} | {found} |"
