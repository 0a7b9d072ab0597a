"""The picture of a failing order: what is drawn, for whom, and in which file."""

from xml.etree import ElementTree as ET

import pytest

from awaits.testing import Schedule
from awaits.testing.plugin.plots import Plots, file_name
from awaits.testing.report import Picture, Row
from awaits.testing.svg import svg
from tests.testing.shared import play

NAMESPACE = "{http://www.w3.org/2000/svg}"


def texts(drawn: str, tag: str = "text") -> list[str]:
    return [it.text or "" for it in ET.fromstring(drawn).iter(NAMESPACE + tag)]  # noqa: S314 our own


@pytest.mark.anyio
async def test_a_schedule_is_drawn_with_what_it_did_in_the_order_in_which_it_did_it() -> None:
    schedule = Schedule({(1, 2): 2})
    await play(schedule, "a", "b")
    drawn = texts(schedule.svg)
    assert drawn[:2] == ["1 steps", "2 steps"]
    assert drawn.index("(delayed)") > drawn.index("not begun")
    assert "went ahead of a delayed step" in drawn[-1]
    assert texts(schedule.svg, "title") == [f"The order of tasks of {schedule!r}"]
    assert texts(schedule.svg, "desc") == [schedule.explanation]


def test_a_schedule_that_has_not_been_open_is_an_empty_picture() -> None:
    assert texts(Schedule().svg) == []


def test_it_follows_a_dark_theme_and_a_screen_reader_finds_its_words() -> None:
    drawn = svg(Picture({}, []), "a title", "what happened")
    root = ET.fromstring(drawn)  # noqa: S314 our own
    assert root.get("role") == "img"
    labels = str(root.get("aria-labelledby")).split()
    assert labels == [it.get("id") for it in root if it.get("id")]
    assert "prefers-color-scheme: dark" in drawn


def test_what_xml_has_for_itself_is_text_in_the_picture() -> None:
    rows = [Row(1, "waits", "Lock 'a<b>&\x00', held by 2", 1.5)]
    drawn = svg(Picture({1: '1 <lambda> "x"'}, rows), "<title>", "a & b")
    assert texts(drawn) == ['1 <lambda> "x"', "1.5 s", "Lock 'a<b>&\ufffd', held by 2"]
    assert texts(drawn, "title") == ["<title>"]


def test_a_time_is_written_once_where_it_begins() -> None:
    rows = [Row(1, "step", text, time) for text, time in [("a", 1), ("b", 1), ("c", 2), ("d", 1)]]
    drawn = texts(svg(Picture({1: "1 task"}, rows), "", ""))
    assert drawn == ["1 task", "1 s", "a", "b", "2 s", "c", "1 s", "d"]


@pytest.mark.anyio
async def test_the_picture_has_more_rows_than_the_lanes() -> None:
    schedule = Schedule({(1, "every"): 1})
    await play(schedule, "a", "b", n_steps=40)
    in_lanes, drawn = schedule.lanes.count("shared.py:"), schedule.svg.count("shared.py:")
    assert in_lanes < 30
    assert drawn > 70  # nearly all of 80 steps


def test_each_test_has_a_file_of_its_own() -> None:
    assert file_name("tests/test_a.py::test_b[asyncio]") == "tests-test_a.py-test_b-asyncio.svg"
    nodeids = ["a/b.py::t", "a-b.py::t", "a.py::t[x y]", "a.py::t[x/y]", "a.py::t[x_y]", "ä.py::t"]
    nodeids.append("\udce4.py::t")  # its name is in another encoding
    names = [file_name(it) for it in [*nodeids, f"a.py::t[{'x' * 500}]", f"a.py::t[{'x' * 501}]"]]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and "/" not in name and len(name) < 200 for name in names)


def test_a_folder_that_cannot_be_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("plots") / "file"
    plots = Plots(file)
    file.write_text("")
    assert Plots(None).save("a.py::t", "") == ""
    assert plots.save("a.py::t", "").startswith("It could not be drawn: ")
