"""Timelines: who ran when, exactly, because time is virtual."""

import importlib.util
import os
import re
import sys
from pathlib import Path
from unittest import mock

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits import individual_task, main
from awaits.checks import to_install
from awaits.tasks import Event, Started
from awaits.timeline import Recorder, Span, check_picture, picture, text

FOUR = [Span(1, 0.0, 4.0), Span(2, 0.0, 2.0), Span(3, 1.0, 2.0), Span(4, 3.999, 4.0)]


@pytest.mark.anyio
@pytest.mark.virtual_time
@pytest.mark.parametrize("limit", [None, 2])
async def test_what_the_program_reports_becomes_spans(limit: int | None) -> None:
    recorder = Recorder()
    started: list[Started] = []

    def report(event: Event) -> None:
        recorder.report(event)
        if isinstance(event, Started):
            started.append(event)

    await anyio.sleep(5)  # before the program's first line
    await main(9, limit=limit, report=report)

    assert [span.task_number for span in sorted(recorder.spans)] == [*range(1, 10)]
    for span, event in zip(sorted(recorder.spans), started, strict=True):
        assert span.ended - span.began == event.seconds
    assert max(span.ended for span in recorder.spans) == anyio.current_time() - 5
    assert all(span.began == 0 for span in recorder.spans) == (limit is None)


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_the_span_of_a_task_that_is_cancelled_ends_there() -> None:
    recorder = Recorder()
    with anyio.move_on_after(5):
        await individual_task(7, report=recorder.report)
    recorder.stop()

    assert recorder.spans == [Span(7, 0.0, 5.0)]


def test_a_task_is_drawn_from_where_it_began_to_where_it_ended() -> None:
    assert text({"": FOUR}, width=30, height=25, bar="=") == (
        "Task 1 =======================\n"
        "Task 2 ============\n"
        "Task 3       ======\n"
        "Task 4                       =\n"
        "       0                   4 s"
    )


def test_timelines_have_titles_and_one_scale() -> None:
    assert text({"slow": FOUR[:1], "fast": FOUR[1:2], "none": []}, width=20, height=25) == (
        "slow\nTask 1 ━━━━━━━━━━━━━\nfast\nTask 2 ━━━━━━\nnone\n       0         4 s"
    )


@pytest.mark.parametrize("timelines", [{}, {"": []}, {"": [Span(1, 0.0, 0.0)]}])
def test_no_time_is_drawn_as_well(timelines: dict[str, list[Span]]) -> None:
    assert text(timelines, width=20, height=25).endswith("       0         0 s")


def test_of_too_many_tasks_some_are_drawn_the_first_and_the_last_among_them() -> None:
    spans = [Span(number, 0.0, number) for number in range(1, 1001)]

    first, *lines, scale = text({"run": spans}, width=60, height=10).splitlines()

    assert first == "run: 7 of 1000 tasks"
    assert [line.split()[1] for line in lines] == ["1", "167", "334", "500", "667", "833", "1000"]
    assert scale.endswith(" 1000 s")


times = st.floats(0, 1e6).map(lambda seconds: round(seconds, 6))


@given(
    times=st.lists(st.tuples(times, times).map(sorted), max_size=60),
    width=st.integers(1, 200),
    height=st.integers(1, 60),
)
def test_a_timeline_fits(times: list[list[float]], width: int, height: int) -> None:
    spans = [Span(number, began, ended) for number, (began, ended) in enumerate(times, 1)]

    lines = text({"": spans}, width=width, height=height).splitlines()

    assert all(len(line) <= max(width, 18) for line in lines)
    assert len(lines) <= max(height, 6)
    assert sum("━" in line for line in lines) == sum("Task" in line for line in lines)


@pytest.mark.parametrize("name", ["picture.svg", "picture.png"])
def test_the_same_timelines_make_the_same_picture(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    picture({"one": FOUR, "none": []}, file)
    first = file.read_bytes()
    picture({"one": FOUR, "none": []}, file)

    assert file.read_bytes() == first
    picture({"one": FOUR[:3], "none": []}, file)
    assert file.read_bytes() != first


def test_a_picture_has_letters_and_no_date(tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    picture({"in threads": FOUR}, file)

    assert ">in threads</text>" in file.read_text()
    assert "<dc:date>" not in file.read_text()


@pytest.mark.parametrize("name", ["picture.gif", "picture", ".svg", "folder.svg", "no/such.svg"])
def test_a_picture_that_cannot_be_drawn_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.svg").mkdir()
    ends = "end in .svg or .png" if name in ("picture.gif", "picture", ".svg") else "be a file in a"

    with pytest.raises(ValueError, match=f"^{name} must {ends}"):
        check_picture(Path(name))


def test_a_picture_where_nothing_may_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", mock.Mock(return_value=False))

    with pytest.raises(ValueError, match="must be a file in a folder that can be written to"):
        check_picture(tmp_path / "picture.svg")


def test_a_missing_matplotlib_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)

    sentence = f"matplotlib is not installed; {to_install('plot')}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        check_picture(Path("picture.svg"))


def test_a_picture_without_matplotlib_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    sentence = f"matplotlib is not installed; {to_install('plot')}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        picture({"": FOUR}, tmp_path / "picture.svg")
