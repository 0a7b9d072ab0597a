"""What the data file of the bugs in the wild says, and what is told when one is not as it says."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.wild import __main__ as command
from catalogue.wild import bugs as wild
from catalogue.wild import data, measure, pages
from catalogue.wild.bugs import WildBug, all_bugs
from catalogue.wild.data import Confirmed, Failed, Outcome, Outcomes, Survived

FAILED = Failed("1.0", 5, "Schedule({(1, 2): 1})", 1, "AssertionError", 2.0)
SURVIVED = Survived("1.1", 1000, 2.0)
OUTCOME = Outcome(FAILED, SURVIVED, None)


def test_every_bug_has_been_measured() -> None:
    assert sorted(data.read()) == sorted(bug.id for bug in all_bugs()), "python -m catalogue.wild"


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.id) for bug in all_bugs()])
def test_a_bug_fails_where_it_is_and_passes_a_thousand_orders_where_it_is_not(bug: WildBug) -> None:
    outcome = data.read()[bug.id]
    assert isinstance(outcome.broken, Failed)
    assert outcome.broken.version == bug.broken.version
    if bug.mended:
        assert isinstance(outcome.mended, Survived)
        assert (outcome.mended.version, outcome.mended.orders) == (bug.mended.version, 1000)


@pytest.mark.parametrize("bug", [pytest.param(bug, id=bug.id) for bug in all_bugs() if bug.is_new])
def test_a_new_bug_is_confirmed_without_the_kit_and_has_a_report(bug: WildBug) -> None:
    confirmed = data.read()[bug.id].confirmed
    assert confirmed
    assert confirmed.broken
    assert "awaits" not in (bug.folder / "confirm.py").read_text(encoding="utf-8")
    assert bug.broken.version in (bug.folder / "report.md").read_text(encoding="utf-8")


def test_a_bug_that_was_mended_has_a_public_source() -> None:
    for bug in all_bugs():
        assert bug.promise_url.startswith("https://"), bug.id
        assert bug.source.startswith("https://") or (bug.is_new and not bug.source), bug.id


def test_there_are_fourteen_known_bugs_or_more_and_ten_new_ones_or_more() -> None:
    new = [bug for bug in all_bugs() if bug.is_new]
    assert len(all_bugs()) - len(new) >= 14
    assert len(new) >= 10


def test_the_readme_tells_how_many_there_are() -> None:
    assert f"and in Python: {len(all_bugs())} of them" in (wild.ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("schedule", "size"),
    [
        ("Schedule()", 0),
        ("Schedule({(1, 2): 'idle', (2, 'every'): 4})", 2),
        ("Schedule(cancel=2)", 1),
        ("Schedule({(1, 2): 1}, cancel=(2, 3), native=True)", 2),
        ("Schedule(cancel=(2, 3, 4), native=True)", 2),
    ],
)
def test_the_size_of_a_schedule_is_its_delays_and_cancellations(schedule: str, size: int) -> None:
    assert measure.size(schedule) == size


def test_a_bug_that_took_another_time_and_other_orders_has_not_changed() -> None:
    other = replace(OUTCOME, broken=replace(FAILED, orders=9, seconds=0.1))
    assert data.changes("a bug", OUTCOME, other) == []


def test_a_bug_whose_test_passes_now_is_told() -> None:
    [told] = data.changes("a bug", OUTCOME, replace(OUTCOME, broken=SURVIVED))
    assert told.startswith("a bug: was Failed(version='1.0'")


def test_a_script_that_confirms_no_more_is_told() -> None:
    was = Outcome(FAILED, None, Confirmed(broken=True, printed="two calls"))
    now = Outcome(FAILED, None, Confirmed(broken=False, printed="one call"))
    [told] = data.changes("a bug", was, now)
    assert "two calls" in told
    assert "one call" in told


def test_a_bug_that_was_not_measured_is_told() -> None:
    assert data.changes("a bug", None, OUTCOME) == ["a bug: was not measured"]


def test_compare_fails_if_a_bug_differs_twice_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = all_bugs()[0]
    as_it_was = data.read()
    differs = replace(as_it_was[bug.id], broken=SURVIVED)
    came = [differs, as_it_was[bug.id], differs, differs]

    def measured(_bug: WildBug) -> Outcome:
        return came.pop(0)

    def here(_bug: WildBug) -> bool:
        return True

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(command, "is_here", here)
    assert command.main([bug.id, "--compare"]) == 0
    assert command.main([bug.id, "--compare"]) == 1
    assert f"{bug.id}: was Failed" in capsys.readouterr().out
    assert data.read() == as_it_was


def test_what_is_found_of_a_bug_that_is_named_is_only_shown_unless_it_is_to_be_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[Outcomes] = []
    name = all_bugs()[0].id

    def measured(_bug: WildBug) -> Outcome:
        return OUTCOME

    monkeypatch.setattr(command, "measure", measured)
    monkeypatch.setattr(data, "write", written.append)
    assert command.main([name]) == 0
    assert written == []
    assert f"{name}: " in capsys.readouterr().out

    assert command.main([name, "--save"]) == 0
    assert [it[name] for it in written] == [OUTCOME]


def test_a_bug_whose_python_is_not_here_is_left_out_of_a_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def here(_bug: WildBug) -> bool:
        return False

    monkeypatch.setattr(command, "is_here", here)
    assert command.main(["--compare", "--sample", "2"]) == 0
    assert "None of 0 bugs has changed." in capsys.readouterr().out


def test_in_a_few_days_a_sample_takes_every_bug_in_turn() -> None:
    bugs = all_bugs()
    assert {bug.id for day in range(len(bugs)) for bug in command.sample(bugs, 2, day)} == {
        bug.id for bug in bugs
    }


def test_a_bug_whose_file_leaves_something_out_is_told(tmp_path: Path) -> None:
    (tmp_path / "bug.toml").write_text('library = "a library"')
    with pytest.raises(ValueError, match="must have"):
        wild.read(tmp_path)


def test_each_bug_has_a_page_and_a_row() -> None:
    tables = pages.blocks()
    made = pages.pages()
    for bug in all_bugs():
        assert f"(catalogue/wild/{bug.id}.md)" in tables["wild_new" if bug.is_new else "wild_known"]
        assert bug.breaks in made[f"catalogue/wild/{bug.id}.md"]
