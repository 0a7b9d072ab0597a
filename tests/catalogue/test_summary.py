"""What the summary of the catalogue makes of cells."""

from catalogue.runner import pages, summary
from catalogue.runner.bugs import all_bugs
from catalogue.runner.checks import CHECKS
from catalogue.runner.data import Cell, Cells, read


def cells_of(**seen: str) -> Cells:
    """Return the cells of bugs that are seen by the checks named, and missed by the others."""
    return {
        bug: {
            check.id: Cell("caught" if check.id in checks.split() else "missed", 0, "", "")
            for check in CHECKS
        }
        for bug, checks in seen.items()
    }


CELLS = cells_of(a="mypy waiting", b="mypy", c="explored waiting", d="explored", e="virtual", f="")


def test_bugs_that_no_static_check_sees_are_counted() -> None:
    assert summary.sentences(CELLS)[0].startswith("4 of 6 bugs are seen by no static check")


def test_a_bug_that_no_check_sees_is_named() -> None:
    assert summary.sentences(CELLS)[-1] == "No check sees f."


def test_the_best_set_of_each_size_is_found_until_nothing_is_added() -> None:
    best = summary.teams(CELLS, [check.id for check in CHECKS])
    assert [(team.checks, len(team.seen)) for team in best] == [
        (("mypy",), 2),
        (("mypy", "explored"), 4),
        (("mypy", "explored", "virtual"), 5),
    ]


def test_a_false_alarm_does_not_count_as_seen() -> None:
    cells = cells_of(a="mypy")
    cells["a"]["mypy"].outcome = "false alarm"
    assert summary.seen_by(cells, "mypy") == frozenset()


def test_what_a_check_sees_and_no_other_does() -> None:
    every = [check.id for check in CHECKS]
    assert summary.alone(CELLS, "mypy", every) == {"b"}
    assert summary.alone(CELLS, "waiting", every) == frozenset()


def test_each_bug_has_a_page_with_its_diff_and_a_place_for_each_cell() -> None:
    made = pages.pages()
    assert len(made) == len(all_bugs())
    page = made["catalogue/lost_update.md"]
    assert "-        self.total += await self._price(item)" in page
    for check in CHECKS:
        assert f'<section id="{check.id}">' in page


def test_each_cell_of_the_table_says_its_outcome_to_a_screen_reader_and_links_to_its_run() -> None:
    cells = read().cells
    table = pages.table(all_bugs(), cells)
    assert table.count("aria-label=") == sum(len(row) for row in cells.values()) + 2
    assert '<a href="catalogue/lost_update.html#waiting" aria-label="caught"' in table


def test_the_conclusions_on_mocking_hold_in_the_cells() -> None:
    cells = read().cells
    compared = {
        bug: row
        for bug, row in cells.items()
        if "does not apply" not in (row["patched"].outcome, row["waiting"].outcome)
    }
    patched, waiting = (summary.seen_by(compared, check) for check in ("patched", "waiting"))
    assert len(patched) * 3 < len(waiting)
    for family in "order", "cancellation", "time":
        ids = {bug.id for bug in all_bugs() if bug.family == family}
        assert not patched & ids
