"""What several commands share: options, how numbers are read, and how a command ends."""

import errno
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console

from awaits import checks
from awaits.cli.progress import Progress
from awaits.fetch.calls import Unusable
from awaits.testing import backends
from awaits.timeline import Span, picture, text

Backend = Annotated[
    str,
    typer.Option(
        metavar="|".join(backends.NAMES),
        autocompletion=backends.installed,
        help="The event loop to run on.",
    ),
]
Timeline = Annotated[bool, typer.Option("--timeline", help="Draw who waited when, at the end.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw the same into a file, as .svg or .png."),
]


def whole(name: str, lowest: int | None = None) -> Callable[[str | int], int]:
    """Return a parser of whole numbers that refuses what `checks.check_whole` refuses.

    Args:
        name: What the number is called.
        lowest: The lowest number that is allowed; `None` allows any.
    """

    def parse(given: str | int) -> int:  # typer parses the default, too
        try:
            return checks.whole(name, str(given), lowest)
        except ValueError as error:
            raise typer.TyperException(str(error)) from None

    return parse


def seconds(name: str) -> Callable[[str | float], float]:
    """Return a parser of seconds that refuses what `checks.check_seconds` refuses.

    Args:
        name: What the number is called.
    """

    def parse(given: str | float) -> float:
        try:
            return checks.seconds(name, str(given))
        except ValueError as error:
            raise typer.TyperException(str(error)) from None

    return parse


def progress_of(n_tasks: int | None) -> Progress:
    """Return progress that is live on a terminal."""
    console = Console()
    return Progress(n_tasks, console, live=sys.stdout.isatty() and console.is_interactive)


def draw(timelines: Mapping[str, Sequence[Span]], *, in_terminal: bool, plot: Path | None) -> None:
    """Draw who waited when, below the lines or into a file, as the user wants it."""
    if plot is not None:
        try:
            picture(timelines, plot)
        except OSError as error:
            raise typer.TyperException(f"{plot} cannot be written: {error.strerror}.") from None
    if in_terminal:
        width, height = shutil.get_terminal_size()
        encoding = (sys.stdout.encoding or "").lower()
        print(text(timelines, width=width, height=height, bar="━" if "utf" in encoding else "="))


def run_on(
    main: Callable[[], Awaitable[int | None]],
    backend: str,
    options: dict[str, object],
    *,
    if_interrupted: Callable[[], str],
) -> None:
    """Run a program on an event loop, as `finish` does; exit with what it returns."""
    finish(
        lambda: anyio.run(main, backend=backend, backend_options=options),
        if_interrupted=if_interrupted,
    )


def finish(run: Callable[[], int | None], *, if_interrupted: Callable[[], str]) -> None:
    """Run a program; end quietly on Ctrl-C, and when the reader of the output has left."""
    code: int | None = None
    try:
        code = run()
    # On trio, these come in a group.
    except* KeyboardInterrupt:
        code = 130
    except* BrokenPipeError:
        code = 1
        _forget_output()
    except* Unusable as errors:
        raise typer.TyperException(str(_first(errors))) from None
    if code == 130:
        print(f"awaits: interrupted; {if_interrupted()}.", file=sys.stderr)
    raise typer.Exit(code or 0)


@contextmanager
def full_disk_told() -> Generator[None]:
    """Exit with a sentence if there is no space for what the block prints."""
    try:
        yield
    except (OSError, BaseExceptionGroup) as error:  # on trio, it comes in a group
        if getattr(_first(error), "errno", None) != errno.ENOSPC:
            raise
        print("awaits: there is no space left to write the output.", file=sys.stderr)
        _forget_output()
        sys.exit(1)


def _forget_output() -> None:
    # What is still buffered would fail once more when Python flushes it at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
