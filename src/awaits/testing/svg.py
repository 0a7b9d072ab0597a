"""The lanes of a run as a picture for a browser or a pull request: SVG, made without a library."""

from html import escape

from awaits.testing.report import AHEAD, Picture, Row, seconds

LANE = 8  # pixels for each character of the widest text in a lane
ROW = 24
CLOCK = 64  # for the time, at the left
MARGIN = 16
TOP = 56  # where the first row stands

STYLE = """
text { font: 13px ui-monospace, monospace; fill: #1f2328; }
text.time, text.waits, text.more { fill: #59636e; }
text.mark { fill: #a40e26; font-weight: 600; }
line { stroke: #d1d9e0; }
line.late { stroke: #a40e26; stroke-dasharray: 2 4; stroke-width: 2; }
circle { fill: #59636e; }
circle.ahead { fill: #0969da; }
rect { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  text.time, text.waits, text.more { fill: #9198a1; }
  text.mark { fill: #ff7b72; }
  line { stroke: #3d444d; }
  line.late { stroke: #ff7b72; }
  circle { fill: #9198a1; }
  circle.ahead { fill: #4493f8; }
  rect { fill: #0d1117; }
}
"""


def svg(picture: Picture, title: str, description: str) -> str:
    """Return a picture as the text of an SVG file.

    Args:
        picture: What is to be drawn.
        title: What a screen reader reads first.
        description: The same as the picture, in words.
    """
    names, rows = picture
    texts = [*names.values(), *(row.text for row in rows)]
    lane = LANE * max(map(len, texts), default=0) + 3 * MARGIN
    left = {number: MARGIN + CLOCK + n * lane for n, number in enumerate(names)}
    width = max(MARGIN + CLOCK + len(names) * lane, 2 * MARGIN + LANE * (len(AHEAD) + 2))
    bottom = TOP + len(rows) * ROW
    height = bottom + 2 * MARGIN
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    who = 'role="img" aria-labelledby="title description"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {who}>',
        f'<title id="title">{_text(title)}</title>',
        f'<desc id="description">{_text(description)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}"/>',
    ]
    for number, name in names.items():
        x = left[number]
        parts.append(f'<line x1="{x}" y1="{TOP - ROW}" x2="{x}" y2="{bottom - ROW // 2}"/>')
        parts.append(f'<text x="{x}" y="{TOP - ROW - 8}">{_text(name)}</text>')
    before = None
    for n, row in enumerate(rows):
        y = TOP + n * ROW
        if row.time not in (None, before):
            parts.append(f'<text class="time" x="{MARGIN}" y="{y + 4}">{seconds(row.time)}</text>')
        before = row.time
        parts += _row(row, left, y)
    if any(row.is_ahead for row in rows):
        parts.append(f'<circle class="ahead" cx="{MARGIN + 4}" cy="{bottom + 8}" r="5"/>')
        parts.append(f'<text class="more" x="{2 * MARGIN}" y="{bottom + 12}">{_text(AHEAD)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Row, left: dict[int, int], y: int) -> list[str]:
    x = left[row.number]
    late = [
        f'<line class="late" x1="{left[it]}" y1="{y - ROW // 2}" x2="{left[it]}" '
        f'y2="{y + ROW // 2}"/>'
        for it in sorted(row.late)
        if it in left
    ]
    kind = {"step": "step", "waits": "waits", "left out": "more"}.get(row.kind, "mark")
    text = f'<text class="{kind}" x="{x + MARGIN}" y="{y + 4}">{_text(row.text)}</text>'
    if row.kind != "step":
        return [*late, text]
    ahead = ' class="ahead"' if row.is_ahead else ""
    return [*late, f'<circle{ahead} cx="{x}" cy="{y}" r="5"/>', text]


def _text(text: str) -> str:
    """Return a text as XML, with a mark for each character that XML cannot hold."""
    return escape("".join(it if it.isprintable() or it in "\n\t" else "\ufffd" for it in text))
