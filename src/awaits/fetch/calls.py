"""The events of real calls: a call begins, it ends, and a summary of all calls."""

import hashlib
import re
from typing import NamedTuple

# What comes before the password, and the password, which goes up to the last @ before the path. A
# slash is not allowed in a password. But what has one still counts as a password, unless a port
# ends before the slash. The scheme may be left out, or its slashes mistyped; and a user's name may
# be an address of e-mail.
PASSWORD = re.compile(
    r"((?!\s*mailto:)\s*(?:[^:/?#]*:?/{1,3})?(?!\[[^]/?#@]*:[^]/?#@]*\])[^:/?#]*:)"  # no [::1]
    r"(?:[^/?#]+|(?!\d*[/?#]).+)(?=@)",
    re.IGNORECASE,
)


class Unusable(Exception):  # noqa: N818 it reads as a sentence
    """Something of the user's cannot be used, such as a file; the text says why, in a sentence."""


class Calling(NamedTuple):
    """A call begins, or is tried again.

    Attributes:
        number: Its place among the URLs, from 1.
        url: What is called, as `shown` shows it.
        seconds: How long it may take.
    """

    number: int
    url: str
    seconds: float


class Call(NamedTuple):
    """A call has ended; as text, its line.

    Attributes:
        number: Its place among the URLs, from 1.
        url: What was called, as `shown` shows it.
        status: The status of the last reply; `None` if there was none.
        n_bytes: How many bytes of the last reply's body were read.
        seconds: How long the call took, including every time that it was tried again.
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
    """How many calls went well and how many failed; as text, the last line.

    Attributes:
        n_done: How many went well.
        n_failed: How many failed.
        n_there: How many were not made, because an earlier run saved them.
        seconds: How long all of it took.
    """

    n_done: int
    n_failed: int
    n_there: int
    seconds: float

    def __str__(self) -> str:
        line = f"{self.n_done} done, {self.n_failed} failed in {self.seconds:.3f} s"
        return f"{line}; {self.n_there} were saved before" if self.n_there else line


def shown(url: str) -> str:
    """Return a URL as it may be printed and saved: on one line, and without its password.

    Four hex digits stand for the password. They are of a digest of the whole URL, so that a saved
    URL is found again, and they fit one of 65,536 passwords, so that they give none away.

    Args:
        url: Any text.

    Returns:
        The text, such as `http://user:[secure-3fa9]@host/`.
    """
    found = PASSWORD.match(url)
    if found is None:
        return printable(url)
    digest = hashlib.blake2s(url.encode(errors="surrogatepass"), digest_size=2).hexdigest()
    return printable(f"{found[1]}[secure-{digest}]{url[found.end() :]}")


def printable(text: str) -> str:
    """Escape what would break a line, confuse a terminal or is not UTF-8.

    Args:
        text: Any text. Bytes that were not UTF-8 may stand in it as lone surrogates.

    Returns:
        The text, on one line.
    """
    if text.isprintable():
        return text
    return "".join(it if it.isprintable() else ascii(it)[1:-1] for it in text)
