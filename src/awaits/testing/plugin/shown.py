"""Shows each warning of an explored test once, in however many orders it comes."""

import contextlib
import warnings
from collections.abc import Callable, Generator

Show = Callable[[warnings.WarningMessage], None]


@contextlib.contextmanager
def each_once() -> Generator[None]:
    """Show what Python warns of in the block once for each place and text.

    What the test records itself, as `pytest.warns` does, it gets each time.

    Private names, read in CPython 3.11.7, 3.12.1, 3.13.0 and 3.14.0: `warnings._showwarnmsg`,
    through which all warnings go, whoever records them; without it, all are shown. And where a
    recorder stands: `_showwarnmsg_impl`, and what `_get_context` returns, from 3.14 on.
    """
    name = "_showwarnmsg"
    show: Show | None = vars(warnings).get(name)
    if show is None:
        yield
        return
    seen: set[tuple[object, ...]] = set()
    outer = _recorder()

    def show_once(message: warnings.WarningMessage) -> None:
        if any(a is not b for a, b in zip(_recorder(), outer, strict=True)):
            show(message)
            return
        key = message.category, str(message.message), message.filename, message.lineno
        if key not in seen:
            seen.add(key)
            show(message)

    setattr(warnings, name, show_once)
    try:
        yield
    finally:
        setattr(warnings, name, show)


def _recorder() -> tuple[object, ...]:
    """Return what tells who gets the warnings now."""
    names = vars(warnings)
    context: Callable[[], object] = names.get("_get_context", lambda: None)
    return warnings.showwarning, names.get("_showwarnmsg_impl"), getattr(context(), "log", None)
