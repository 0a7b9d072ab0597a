"""Write all that is drawn and listed; measure first, if asked to."""

import sys
from pathlib import Path

from docs.made import measure
from docs.made.bugs import bugs
from docs.made.card import write_card
from docs.made.listed import listed
from docs.made.pictures import pictures

DOCS = Path(__file__).parents[1]


def made() -> dict[str, str]:
    """Return all that is made of what is committed: text, by the file's path in docs."""
    return {**pictures(), **listed(), **bugs()}


def main(arguments: list[str]) -> None:
    """Do what the command line says.

    Args:
        arguments: Nothing, or `measure` and the names of what to measure: all, if none is named.
    """
    if arguments[:1] == ["measure"]:
        for name in arguments[1:] or measure.ALL:
            measure.ALL[name]()
    for name, text in made().items():
        DOCS.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        DOCS.joinpath(name).write_text(text)
    write_card(DOCS / "pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
