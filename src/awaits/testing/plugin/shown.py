"""Shows each warning of an explored test once, in however many orders it comes."""

import contextlib
import warnings
from collections.abc import Callable, Generator

Show = Callable[[warnings.WarningMessage], None]


@contextlib.contextmanager
def each_once() -> Generator[None]:
    """Show what Python warns of in the block once for each place and text.

    Private name, read in CPython 3.11.7, 3.12.1 and 3.13.0: `warnings._showwarnmsg`, through which
    all warnings go, whoever records them. Without it, all are shown.
    """
    name = "_showwarnmsg"
    show: Show | None = vars(warnings).get(name)
    if show is None:
        yield
        return
    seen: set[tuple[object, ...]] = set()

    def show_once(message: warnings.WarningMessage) -> None:
        key = message.category, str(message.message), message.filename, message.lineno
        if key not in seen:
            seen.add(key)
            show(message)

    setattr(warnings, name, show_once)
    try:
        yield
    finally:
        setattr(warnings, name, show)
