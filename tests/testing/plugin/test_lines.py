"""Failures with one reason are counted at the line where it is."""

import re

import pytest

TITLE = "test functions that fail at the same line:"
PROGRAM = """
import anyio, socket

kept = []

async def open_one(closes=False):
    kept.append(socket.socket())
    await anyio.sleep(0)
    if closes:
        kept[-1].close()

async def take(stock):
    if stock:
        await anyio.sleep(0)
        stock.pop()

def gives_up():
    import pytest
    pytest.fail("no")

def never_raised():
    raise ExceptionGroup("many", [ValueError(1)])

def in_no_file():
    exec("raise ValueError")

async def take_twice():
    stock = [1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, stock)
        tasks.start_soon(take, stock)
"""
TESTS = """
import pytest, program
pytestmark = pytest.mark.anyio

async def test_leaves_a_socket(): await program.open_one()
async def test_leaves_another(): await program.open_one()
async def test_leaves_a_third(): await program.open_one()
async def test_closed(): await program.open_one(closes=True)
async def test_another_closed(): await program.open_one(closes=True)

@pytest.mark.parametrize("n", range(3))
async def test_alone(n): assert not n
"""
RACES = """
import program, pytest
pytestmark = pytest.mark.anyio

async def test_a(): await program.take_twice()
async def test_b(): await program.take_twice()
"""


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    pytester.makepyfile(program=PROGRAM, test_left=TESTS, test_races=RACES)
    return pytester.runpytest("--anyio-backends=asyncio,trio", *args)


@pytest.mark.parametrize("processes", [[], ["-n2"]], ids=["one process", "xdist"])
def test_lines_at_which_several_functions_fail_come_last(
    pytester: pytest.Pytester, processes: list[str]
) -> None:
    result = run(pytester, "--explore=5", "--no-leftovers", *processes)

    result.stdout.fnmatch_lines(
        ["explored: *", TITLE, "  3 at program.py:6, in open_one", "  2 at program.py:14, in take"]
    )
    assert len([it for it in result.outlines if re.match("  [0-9]+ at ", it)]) == 2


def test_functions_that_fail_when_cancelled_are_counted_where_it_is_made(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, "--explore-cancel", "-kclosed")

    result.stdout.fnmatch_lines([TITLE, "  2 at program.py:6, in open_one"])


def test_it_is_the_innermost_line_of_a_file_of_the_project(pytester: pytest.Pytester) -> None:
    names = "gives_up", "never_raised", "in_no_file"
    tests = "".join(
        f"async def test_{it}(): program.{it}()\nasync def test_{it}_too(): program.{it}()\n"
        for it in names
    )
    head = "import program, pytest\npytestmark = pytest.mark.anyio\n"
    pytester.makepyfile(test_more=head + tests)
    result = run(pytester, "--no-leftovers", "test_more.py")

    lines = [it for it in result.outlines if it.startswith("  2 at program.py:")]
    assert [it.partition(", in ")[2] for it in lines] == list(names)


def test_without_what_finds_faults_nothing_is_counted(pytester: pytest.Pytester) -> None:
    result = run(pytester)

    assert result.parseoutcomes()["failed"] == 8
    result.stdout.no_fnmatch_line(TITLE)


def test_a_test_that_leaves_several_things_is_counted_at_the_line_that_most_have_in_common(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest, socket
        pytestmark = pytest.mark.anyio
        kept = []

        def one():
            kept.append(socket.socket())

        def another():
            kept.append(socket.socket())

        async def test_a(): one(); another()
        async def test_b(): another(); one()
        async def test_c(): one()
        """
    )
    result = pytester.runpytest("--anyio-backends=asyncio", "--no-leftovers")

    counted = [it for it in result.outlines if re.match("  [0-9]+ at ", it)]
    assert len(counted) == 1
    assert counted[0].endswith(".py:6, in one")
    assert counted[0].startswith("  3 at ")
