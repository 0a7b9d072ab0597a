"""`pytest --explore-cancel`: async generators that were not closed."""

import textwrap

import pytest

from awaits.testing.leftovers import places
from tests.testing.plugin.cancel import BOTH

LIBRARY = """
    import contextlib

    async def plain():
        yield 1
        yield 2

    async def in_turns():
        async for number in plain():
            yield number

    async def tries():
        try:
            yield 1
        finally:
            pass

    async def catches():
        try:
            yield 1
        except ValueError:
            pass

    async def opens():
        with contextlib.suppress(ValueError):
            yield 1

    async def enters():
        async with contextlib.AsyncExitStack():
            yield 1
"""
PROGRAM = """
    import anyio

    kept = []

    async def plain():
        yield 1
        yield 2

    async def tries():
        try:
            yield 1
        finally:
            pass

    async def reads(generator):
        kept.append(generator)
        await anext(generator)
        await anyio.sleep(1)
        await generator.aclose()
"""
TEST = """
    import library, program, pytest

    pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

    async def test_it():
        await program.reads({}())
"""


@pytest.mark.parametrize(
    ("generator", "is_told"),
    [
        ("library.plain", False),
        ("library.in_turns", False),
        ("library.tries", True),
        ("library.catches", True),
        ("library.opens", True),
        ("library.enters", True),
        ("program.plain", False),
        ("program.tries", True),
    ],
)
def test_one_is_told_only_if_it_has_something_to_do_at_its_end(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, generator: str, is_told: bool
) -> None:
    folder = pytester.mkdir("installed")
    (folder / "library.py").write_text(textwrap.dedent(LIBRARY))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(places, "_INSTALLED", (str(folder),))
    pytester.makepyfile(program=PROGRAM, test_it=TEST.format(generator))
    result = pytester.runpytest("-W", "default", BOTH, "--explore-cancel")

    name = generator.partition(".")[2]
    if is_told:
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(2 * [f"  async generator {name}, at *, begun at program.py:*"])
    else:
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines("cancelled: 2 tests, at 2 awaits in all")
