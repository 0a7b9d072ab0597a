"""Pictures of what was measured, as SVG with its words as text, for light and for dark pages."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from docs.made.data import DATA, load


class Colours(NamedTuple):
    """What a picture is drawn with."""

    text: str
    faint: str
    ground: str
    one: str
    other: str
    bad: str


COLOURS = {
    "light": Colours("#1a1a1a", "#d0d0d0", "#f5f5f5", "#3949ab", "#00796b", "#b71c1c"),
    "dark": Colours("#e6e6e6", "#4a4d57", "#262933", "#9fa8da", "#80cbc4", "#ff8a80"),
}
Draw = Callable[[Colours], str]


def text(x: float, y: float, words: str, colour: str, *, size: int = 15, mono: bool = False) -> str:
    """Return words, beginning at a point."""
    family = "monospace" if mono else "sans-serif"
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="{size}" '
        f'font-family="{family}" xml:space="preserve">{escape(words)}</text>'
    )


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a bar; a thin one can still be seen."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{max(width, 1.5):g}" height="{height:g}" '
        f'rx="3" fill="{colour}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    """Return a line."""
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" '
        f'stroke-width="2"{dashes}/>'
    )


def svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """Return a picture."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>\n"])


def slow(colours: Colours) -> str:
    """Draw how long each test took, in real and in virtual time."""
    measured = load("slow")
    tests: Mapping[str, Mapping[str, float]] = measured["tests"]
    longest = max(times["real"] for times in tests.values())
    parts: list[str] = []
    for row, times in enumerate(tests.values()):
        y = 56 + 24 * row
        parts.append(rectangle(10, y, 200 * times["real"] / longest, 16, colours.bad))
        parts.append(rectangle(240, y, 200 * times["virtual"] / longest, 16, colours.other))
    sums = measured["sums"]
    parts.append(text(10, 24, f"{len(tests)} tests, one bar each", colours.text))
    parts.append(text(10, 46, f"in real time: {sums['real']:.0f} s", colours.text))
    parts.append(text(240, 46, f"in virtual time: {sums['virtual']:.2f} s", colours.text))
    return svg(450, 66 + 24 * len(tests), "Time of each test", parts)


def race(colours: Colours) -> str:
    """Draw the order of tasks in which a test fails, in a lane for each task."""
    rows: Sequence[str] = load("race")["lanes"]
    starts = [0, rows[0].index("2 "), rows[0].index("3 ")]
    xs = (10, 165, 320)
    parts: list[str] = []
    for x, begin, end in zip(xs, starts, [*starts[1:], None], strict=True):
        name = rows[0][begin:end].strip().removesuffix("_deposits_add_up")
        parts.append(text(x, 22, name, colours.text, mono=True, size=14))
        parts.append(line(x + 4, 32, x + 4, 34 + 26 * (len(rows) - 1), colours.faint))
    for number, row in enumerate(rows[1:]):
        y = 50 + 26 * number
        for lane, (x, begin) in enumerate(zip(xs, starts, strict=True)):
            cell = row[begin : [*starts[1:], None][lane]].strip()
            if cell == "┆":
                parts.append(line(x + 4, y - 18, x + 4, y + 8, colours.bad, dashed=True))
            elif cell:
                late = cell.startswith("(")
                colour = colours.bad if late else (colours.one, colours.other, colours.text)[lane]
                parts.append(f'<circle cx="{x + 4}" cy="{y - 5}" r="6" fill="{colour}"/>')
                words = cell.strip("()").replace("test_account.py:", "line ")
                parts.append(text(x + 17, y, words, colours.text, size=14))
    return svg(450, 44 + 26 * len(rows), "The order of tasks in which the test fails", parts)


def proof(colours: Colours) -> str:
    """Draw what pytest says of a test labelled trio that runs on asyncio."""
    shown = load("proof")
    label = "test_order.py::...[trio]"
    failed = "FAILED" in shown["after"][0]
    assert failed
    assert "labelled trio, but run on asyncio by pytest-asyncio" in shown["after"][1]
    assert shown["before"][0].endswith("[trio] PASSED")
    parts = [
        text(10, 24, "without the proof", colours.text),
        rectangle(6, 34, 438, 62, colours.ground),
        text(16, 58, f"{label} PASSED", colours.text, mono=True),
        text(16, 82, "(it ran on asyncio)", colours.bad),
        text(10, 126, "with --anyio-backends=trio", colours.text),
        rectangle(6, 136, 438, 88, colours.ground),
        text(16, 160, f"{label} FAILED", colours.text, mono=True),
        text(16, 186, "labelled trio, but run on asyncio", colours.text, mono=True),
        text(16, 210, "by pytest-asyncio", colours.text, mono=True),
    ]
    return svg(450, 232, "A label is no proof", parts)


def clock(colours: Colours) -> str:
    """Draw how virtual time moves while three tasks sleep for 12, 10 and 11 seconds."""
    ends: Mapping[str, float] = load("moves")["ended"]

    def x(seconds: float) -> float:
        return 90 + 28 * seconds

    parts: list[str] = []
    for row, (name, seconds) in enumerate(ends.items()):
        y = 20 + 34 * row
        parts.append(text(6, y + 15, name, colours.text))
        parts.append(rectangle(x(0), y, x(seconds) - x(0), 20, colours.one))
    moves = [0.0, *sorted(ends.values())]
    for began, ended in itertools.pairwise(moves):
        middle = (x(began) + x(ended)) / 2
        parts.append(
            f'<path d="M {x(began):g} 146 Q {middle:g} 112 {x(ended):g} 146" fill="none" '
            f'stroke="{colours.other}" stroke-width="3"/>'
        )
    parts.append(text(6, 150, "the clock", colours.text))
    parts += [line(x(it), 14, x(it), 150, colours.faint, dashed=True) for it in moves]
    parts += [text(x(it) - 6, 172, f"{it:g}", colours.text) for it in moves]
    parts.append(text(x(12) + 24, 172, "seconds", colours.text))
    return svg(520, 184, "How virtual time moves", parts)


def compared(name: str) -> Draw:
    """Return what recolours a picture that `--plot` drew."""

    def draw(colours: Colours) -> str:
        drawn = DATA.joinpath(f"{name}.svg").read_text()
        changes = {"#000000": colours.text, "#1f77b4": colours.one}
        drawn = drawn.replace('style="fill: #ffffff"', 'style="fill: none"')
        for old, new in changes.items():
            drawn = drawn.replace(old, new)
        # Letters have no colour of their own there, and are black.
        drawn = drawn.replace(
            "*{stroke-linejoin", f"text{{fill: {colours.text}}}*{{stroke-linejoin"
        )
        # A third of the bytes is enough.
        drawn = re.sub(r' clip-path="[^"]+"|<!--.*?-->|(?<=<g) id="[^"]+"', "", drawn)
        drawn = re.sub(
            r' style="font-size: 10px[^"]*text-anchor: (\w+)"', r' text-anchor="\1"', drawn
        )
        bar = f"fill: none; stroke: {colours.one}; stroke-width: 4"
        drawn = drawn.replace(f'style="{bar}"', 'class="b"')
        style = f"<style>text{{font:10px sans-serif}}.b{{{bar}}}</style><style"
        drawn = drawn.replace("<style", style, 1)
        drawn = re.sub(r"font-family: [^;\"]+", "font-family: sans-serif", drawn)
        drawn = re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", drawn)
        drawn = re.sub(r"<metadata>.*</metadata>", "", drawn, flags=re.DOTALL)
        drawn = re.sub(r"\s*\n\s*", " ", drawn)
        while "<g> <g>" in drawn or "</g> </g>" in drawn or "<g> </g>" in drawn:
            drawn = drawn.replace("<g> <g>", "<g><g>").replace("</g> </g>", "</g></g>")
            drawn = drawn.replace("<g> </g>", "")
        return drawn.replace("> <", ">\n<").rstrip() + "\n"

    return draw


ALL: dict[str, Draw] = {
    "slow": slow,
    "race": race,
    "proof": proof,
    "clock": clock,
    "pause": compared("compare-pause"),
    "cpu": compared("compare-cpu"),
    "mixed": compared("compare-mixed"),
    "limit": compared("limit"),
}


def pictures() -> dict[str, str]:
    """Return each picture in each scheme, by the file's path in docs."""
    return {
        f"pictures/{name}-{scheme}.svg": draw(colours)
        for name, draw in ALL.items()
        for scheme, colours in COLOURS.items()
    }
