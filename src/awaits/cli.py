"""The command line."""

import importlib.metadata
import os
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import anyio
import typer
from rich.console import Console

from awaits import hello as hello_program
from awaits import tasks
from awaits.progress import Progress
from awaits.testing import backends, virtual_time

app: typer.Typer = typer.Typer(
    help="Twenty tasks that wait, run concurrently on asyncio or trio.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def command_line() -> None:
    """Run `awaits` with this process's arguments, and exit.

    Raises:
        SystemExit: 2 for what the user got wrong, said in a sentence; 130 after Ctrl-C.
    """
    try:
        sys.exit(app(prog_name="awaits", standalone_mode=False))
    except typer.TyperException as error:
        if message := error.format_message():  # there is none when only the help was printed
            hint = "" if type(error) is typer.TyperException else "; see awaits --help."
            print(f"awaits: {message.rstrip('.') + hint if hint else message}", file=sys.stderr)
        sys.exit(2)


def _number(text: str) -> int | str:
    """Read a whole number; leave what is none to be refused in the same words as from Python."""
    try:
        return int(text)
    except ValueError:
        if text.startswith("--"):
            raise typer.TyperException(
                f"There is no option {text}; see awaits run --help."
            ) from None
        return text


def _seed(text: str) -> int:
    number = _number(text)
    if isinstance(number, str):
        raise ValueError(f"seed must be a whole number, not {text!r}.")
    return number


def _version(*, wanted: bool) -> None:
    if wanted:
        print(f"awaits {importlib.metadata.version('awaits')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version)
    ] = False,
) -> None:
    pass


# Without this, -1 would be an unknown option. With it, an unknown option is taken for a number.
@app.command(context_settings={"ignore_unknown_options": True})
def run(
    n_tasks: Annotated[
        int, typer.Argument(parser=_number, metavar="N_TASKS", help="How many tasks.")
    ] = 20,
    *,
    backend: Annotated[
        str,
        typer.Option(
            metavar="|".join(backends.NAMES),
            autocompletion=backends.installed,
            help="The event loop to run on.",
        ),
    ] = "asyncio",
    limit: Annotated[
        int | None,
        typer.Option(
            parser=_number, metavar="N", help="Let at most N tasks wait at the same time."
        ),
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Draw the same waiting times every time.")
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Wait in virtual time: the same lines, at once.")
    ] = False,
) -> None:
    """Run tasks that each wait 10 to 59 seconds, all at once."""
    try:
        tasks.check_counts(n_tasks, limit)
        backends.check(backend)
        name, options = backends.anyio_backend(backend)
        options |= virtual_time(backend) if virtual else {}
        random.seed(None if seed is None else _seed(seed))
    except ValueError as error:
        raise typer.TyperException(str(error)) from None
    console = Console()
    live = sys.stdout.isatty() and console.is_interactive
    progress = Progress(n_tasks, console, live=live)

    async def main() -> None:
        async with progress.shown():
            await tasks.main(n_tasks, limit=limit, report=progress.report)

    _run(
        main,
        name,
        options,
        if_interrupted=lambda: f"{progress.n_done} of {n_tasks} tasks were done",
    )


@app.command()
def hello() -> None:
    """Say hello, wait one second, say the rest."""
    _run(hello_program.main, "asyncio", {}, if_interrupted=lambda: "hello was not finished")


def _run(
    main: Callable[[], Awaitable[None]],
    backend: str,
    options: dict[str, object],
    *,
    if_interrupted: Callable[[], str],
) -> None:
    """Run a program; end quietly on Ctrl-C, and when whoever reads the output has left."""
    code = 0
    try:
        anyio.run(main, backend=backend, backend_options=options)
    # On trio, both come in a group.
    except* KeyboardInterrupt:
        code = 130
    except* BrokenPipeError:
        code = 1
        # What is still buffered would fail once more when Python flushes it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if code == 130:
        print(f"awaits: interrupted; {if_interrupted()}.", file=sys.stderr)
    raise typer.Exit(code)
