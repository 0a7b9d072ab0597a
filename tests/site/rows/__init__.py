"""The tables of *Coming from*, as code: what stands on the left of each row, and on its right."""

from typing import NamedTuple

STAYS = "stays"  # the same tests, with the kit


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        left: How its left cell begins.
        before: A test module as it is without the kit.
        after: As the right cell has it; `STAYS` if nothing changes.
        options: Of pytest, with the kit; separated by spaces.
        prints: What it prints with the kit, besides.
        without: Options of pytest, without the kit.
        printed: What it prints without the kit.
    """

    left: str
    before: str
    after: str = STAYS
    options: str = "--virtual-time"
    prints: str = "= 1 passed"
    without: str = ""
    printed: str = "= 1 passed"
