"""What is told of real calls: that one begins, how it ended, and what they come to."""

from typing import NamedTuple


class Unusable(Exception):  # noqa: N818 it reads as a sentence
    """A file cannot be read from or saved to; the text is a sentence that says why."""


class Calling(NamedTuple):
    """A call begins, or is tried again; it has this many seconds."""

    number: int
    url: str
    seconds: float


class Call(NamedTuple):
    """A call has ended; as text, its line.

    Attributes:
        number: Its place among the URLs, from 1.
        url: What was called; what cannot be printed is escaped.
        status: The status of the last reply; `None` if there was none.
        n_bytes: How long the last reply's body was, as far as it was read.
        seconds: How long the call took, with all that was tried again.
        error: Why it failed, in a few words; `None` if it did not.
    """

    number: int
    url: str
    status: int | None
    n_bytes: int
    seconds: float
    error: str | None

    def __str__(self) -> str:
        line = (
            f"{self.number}\t{self.status or '-'}\t{self.n_bytes}\t{self.seconds:.3f}\t{self.url}"
        )
        return line if self.error is None else f"{line}\t{self.error}"


class Summary(NamedTuple):
    """What many calls come to; as text, the last line.

    Attributes:
        n_done: How many went well.
        n_failed: How many did not.
        n_there: How many were not made, because an earlier run has saved them.
        seconds: How long it all took.
    """

    n_done: int
    n_failed: int
    n_there: int
    seconds: float

    def __str__(self) -> str:
        line = f"{self.n_done} done, {self.n_failed} failed in {self.seconds:.3f} s"
        return f"{line}; {self.n_there} were saved before" if self.n_there else line


def printable(text: str) -> str:
    """Escape what would break a line, a terminal or UTF-8.

    Args:
        text: Anything, also bytes that were no UTF-8.

    Returns:
        The text on one line.
    """
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in text)
