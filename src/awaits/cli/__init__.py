"""The command line. It may import every other module, and only `__main__` imports it."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from awaits import checks
from awaits.cli import compare, fetch, run
from awaits.cli.shared import full_disk_told

app: typer.Typer = typer.Typer(
    help="Tasks that wait, and real calls, run concurrently on asyncio or trio.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
# Without these, -1 would be an unknown option. With them, `run` itself refuses unknown options.
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(run.run)
app.command()(fetch.fetch)
app.command()(compare.compare)
app.command()(run.hello)


def command_line() -> None:
    """Run `awaits` with this process's arguments, and exit.

    Raises:
        SystemExit: 2 for what the user got wrong, said in a sentence; 130 after Ctrl-C; 1 if the
            output cannot be written.
    """
    _open_what_is_closed()
    try:
        with full_disk_told():
            code = app(prog_name="awaits", standalone_mode=False)
            sys.stdout.flush()
        sys.exit(code)
    except typer.TyperException as error:
        if message := error.format_message():  # there is none when only the help was printed
            hint = "" if type(error) is typer.TyperException else "; see awaits --help."
            print(f"awaits: {message.rstrip('.') + hint if hint else message}", file=sys.stderr)
        sys.exit(2)


def _open_what_is_closed() -> None:
    # Python has None for what the shell has closed, as with `>&-`; libraries write there anyway.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def _version(*, wanted: bool) -> None:
    if wanted:
        print(f"awaits {checks.version()}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version)
    ] = False,
) -> None:
    pass
