"""What the two command lines of the catalogue refuse, in a sentence."""

import argparse
from collections.abc import Collection

from awaits.checks import whole


def count(text: str) -> int:
    """Read how many bugs a sample has: for argparse, which tells the sentence."""
    try:
        return whole("N", text, 1)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def refuse_unknown(
    parser: argparse.ArgumentParser, names: Collection[str], known: Collection[str]
) -> None:
    """End the program with a sentence if a name is unknown."""
    for name in names:
        if name not in known:
            parser.error(f"There is no {name!r}; choose from {', '.join(known)}.")
