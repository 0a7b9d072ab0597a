"""What the data file of the catalogue says, and what is told when a cell is not as it says."""

import json
from pathlib import Path

import pytest

from catalogue import __main__ as command
from catalogue.runner import data, measure
from catalogue.runner.bugs import FAMILIES, Bug, all_bugs, read
from catalogue.runner.checks import CHECKS, Check
from catalogue.runner.data import Cell, Cells, Outcome
from catalogue.runner.tests import said


def cell(outcome: Outcome, printed: str = "") -> Cell:
    return Cell(outcome, 0.1, "pytest", printed)


def test_every_cell_has_been_measured() -> None:
    measured = data.read()
    assert list(measured.cells) == [bug.id for bug in all_bugs()], "python -m catalogue"
    for row in measured.cells.values():
        assert list(row) == [check.id for check in CHECKS], "python -m catalogue"


def test_what_a_run_has_printed_names_files_of_libraries_without_their_folder() -> None:
    told = f"E   {pytest.__file__} and {json.__file__}"
    report = pytest.TestReport("test_it", ("", 0, ""), {}, "failed", told, "call")
    assert said(report) == "pytest/__init__.py and json/__init__.py\n"


def test_there_are_forty_bugs_or_more_of_every_family_and_eighteen_checks_or_more() -> None:
    bugs = all_bugs()
    assert len(bugs) >= 40
    assert {bug.family for bug in bugs} == set(FAMILIES)
    assert len(CHECKS) >= 18


def test_every_bug_has_a_public_source_and_two_programs_that_differ() -> None:
    for bug in all_bugs():
        assert bug.source.startswith("https://"), bug.id
        assert bug.file("wrong").read_text() != bug.file("right").read_text(), bug.id


@pytest.mark.parametrize(
    ("wrong", "right", "outcome"),
    [
        (True, False, "caught"),
        (True, True, "false alarm"),
        (False, True, "false alarm"),
        (False, False, "missed"),
    ],
)
def test_what_is_reported_of_the_two_programs_is_the_outcome(
    wrong: bool, right: bool, outcome: Outcome
) -> None:
    assert measure.outcome(wrong=wrong, right=right) == outcome


def test_a_cell_that_is_not_what_it_was_is_told_with_what_was_printed() -> None:
    before: Cells = {"lost_update": {"waiting": cell("missed"), "pylint": cell("missed")}}
    after: Cells = {
        "lost_update": {"waiting": cell("caught", "assert 5 == 8"), "pylint": cell("missed")}
    }
    assert data.changes(before, after) == [
        "lost_update, waiting: was missed, is caught\nassert 5 == 8"
    ]


def test_a_cell_that_took_another_time_has_not_changed() -> None:
    before: Cells = {"lost_update": {"waiting": Cell("caught", 0.1, "pytest", "")}}
    after: Cells = {"lost_update": {"waiting": Cell("caught", 9.9, "pytest", "")}}
    assert data.changes(before, after) == []


def test_a_bug_that_was_not_measured_is_told() -> None:
    assert data.changes({}, {"new": {"waiting": cell("caught")}}) == [
        "new, waiting: was not measured, is caught"
    ]


def test_compare_fails_if_a_cell_differs_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = next(bug for bug in all_bugs() if bug.id == "lost_update")
    row = data.read().cells[bug.id]
    differs: Cells = {bug.id: {**row, "waiting": cell("missed")}}
    came = [differs, {bug.id: row}]

    def measured(_bugs: list[Bug]) -> Cells:
        return came.pop(0)

    monkeypatch.setattr(command, "measure", measured)
    assert command.compare([bug]) == 0

    came += [differs, differs]
    assert command.compare([bug]) == 1
    assert "lost_update, waiting: was caught, is missed" in capsys.readouterr().out


def test_what_another_version_of_a_tool_sees_is_told_and_does_not_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = next(bug for bug in all_bugs() if bug.id == "lost_update")
    was = data.read()
    waits = {"waiting": cell("caught")}

    def measured(_bugs: list[Bug]) -> Cells:
        return {bug.id: {**was.cells[bug.id], "ty": cell("caught"), **waits}}

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(data, "versions", lambda: {**was.versions, "ty": "1.0", "pytest": "99"})
    assert command.compare([bug]) == 0
    told = capsys.readouterr().out
    assert "lost_update, ty: was missed, is caught\n" in told
    assert f"ty was {was.versions['ty']}, is 1.0.\n" in told

    waits["waiting"] = cell("missed")
    assert command.compare([bug]) == 1


def test_in_a_few_days_a_sample_takes_every_quick_bug_in_turn() -> None:
    bugs, cells = all_bugs(), data.read().cells
    quick = {bug.id for bug in command.sample(bugs, cells, len(bugs), 0)}
    taken = {bug.id for day in range(12) for bug in command.sample(bugs, cells, 5, day)}
    assert taken == quick
    assert len(quick) > len(bugs) / 2


def test_a_bug_whose_file_leaves_something_out_is_told(tmp_path: Path) -> None:
    (tmp_path / "bug.toml").write_text('name = "A bug"')
    with pytest.raises(ValueError, match="must have"):
        read(tmp_path)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many bugs and checks are tried each time; nothing is measured."""
    shown: list[tuple[int, int]] = []

    def show(bugs: list[Bug], checks: list[Check]) -> None:
        shown.append((len(bugs), len(checks)))

    monkeypatch.setattr(command, "show", show)
    return shown


def test_all_bugs_and_checks_are_tried_unless_some_are_named(shown: list[tuple[int, int]]) -> None:
    command.main(["try"])
    command.main(["try", all_bugs()[0].id, "--checks", "mypy,ty"])

    assert shown == [(len(all_bugs()), len(CHECKS)), (1, 2)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("try no_such", "There is no 'no_such'; choose from "),
        ("try --checks ty,foo", "There is no 'foo'; choose from mypy, "),
        ("compare --sample -1", "N must be a whole number of at least 1, not -1."),
        ("compare --sample few", "N must be a whole number of at least 1, not 'few'."),
    ],
)
@pytest.mark.usefixtures("shown")
def test_a_mistake_in_what_is_typed_is_told_in_a_sentence(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments.split())

    assert sentence in capsys.readouterr().err
