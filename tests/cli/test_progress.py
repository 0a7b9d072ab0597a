import io

import anyio.lowlevel
import pytest
from rich.console import Console

from awaits.cli.progress import Progress
from awaits.fetch.calls import Call, Calling
from awaits.tasks import Done, Header, Started

pytestmark = pytest.mark.anyio


def terminal(height: int = 25) -> tuple[Console, io.StringIO]:
    screen = io.StringIO()
    console = Console(
        file=screen,
        force_terminal=True,
        width=80,
        height=height,
        color_system=None,
        legacy_windows=False,
    )
    return console, screen


async def test_a_terminal_shows_who_waits_and_how_many_are_done() -> None:
    console, screen = terminal()
    progress = Progress(3, console, live=True)
    progress.report(Started(1, 30))
    progress.report(Started(2, 10))
    progress.report(Done(2))

    async with progress.shown():
        await anyio.lowlevel.checkpoint()

    assert "Task 1 " in screen.getvalue()
    assert "30 s left" in screen.getvalue()
    assert "Task 2 " not in screen.getvalue()
    assert "1 of 3 done, 1 waiting" in screen.getvalue()


async def test_the_tasks_that_are_done_first_are_shown_where_not_all_fit() -> None:
    console, screen = terminal(height=5)
    progress = Progress(9, console, live=True)
    for number in range(1, 10):
        progress.report(Started(number, 60 - number))

    async with progress.shown():
        await anyio.lowlevel.checkpoint()

    assert "Task 9 " in screen.getvalue()
    assert "Task 8 " in screen.getvalue()
    assert "Task 7 " not in screen.getvalue()
    assert "0 of 9 done, 9 waiting (7 not shown)" in screen.getvalue()


async def test_a_terminal_shows_the_calls_that_wait_and_how_many_failed() -> None:
    console, screen = terminal()
    progress = Progress(None, console, live=True)
    for number in range(1, 5):
        progress.note(Calling(number, f"http://server/[{number}]" + " x" * 99, 10.0))
    progress.report(Call(1, "http://server/1", 200, 5, 0.1, None))
    progress.report(Call(2, "http://server/2", 404, 5, 0.1, "404 Not Found"))

    async with progress.shown():
        await anyio.lowlevel.checkpoint()

    assert "10 s left" in screen.getvalue()
    assert "1 done, 1 failed, 2 waiting" in screen.getvalue()
    (line, *_) = [it for it in screen.getvalue().splitlines() if "http://server/[3] x x" in it]
    assert "…" in line  # what does not fit in its line is left out


async def test_what_is_drawn_is_drawn_again_while_tasks_wait() -> None:
    console, screen = terminal()
    progress = Progress(1, console, live=True)

    async with progress.shown():
        while screen.getvalue().count("0 of 1 done") < 3:  # noqa: ASYNC110 a screen has no event
            await anyio.sleep(0.01)


async def test_nothing_but_the_lines_is_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    console, screen = terminal()
    progress = Progress(1, console, live=False)

    async with progress.shown():
        progress.report(Header())
        progress.report(Started(1, 30))
        progress.report(Done(1))

    assert screen.getvalue() == ""
    assert capsys.readouterr().out == "Task #\tTime\n-------------\n1\t30\nTask 1 done\n"
    assert progress.n_done == 1
