"""The command line."""

import importlib.metadata
import os
import random
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, ExitStack
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console

from awaits import hello as hello_program
from awaits import tasks
from awaits.calls import Unusable
from awaits.extras import extra
from awaits.progress import Progress
from awaits.testing import backends, virtual_time
from awaits.urls import urls_in

app: typer.Typer = typer.Typer(
    help="Tasks that wait, and real calls, run concurrently on asyncio or trio.",
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


def _seconds(text: str) -> float | str:
    """Read a number of seconds, as `_number` does."""
    try:
        return float(text)
    except ValueError:
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


Backend = Annotated[
    str,
    typer.Option(
        metavar="|".join(backends.NAMES),
        autocompletion=backends.installed,
        help="The event loop to run on.",
    ),
]


# Without this, -1 would be an unknown option. With it, an unknown option is taken for a number.
@app.command(context_settings={"ignore_unknown_options": True})
def run(
    n_tasks: Annotated[
        int, typer.Argument(parser=_number, metavar="N_TASKS", help="How many tasks.")
    ] = 20,
    *,
    backend: Backend = "asyncio",
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
    progress = _progress(n_tasks)

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
def fetch(
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL...", help="What to GET.")] = None,
    *,
    file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Call the URLs in a file, too, one a line; - is stdin."),
    ] = None,
    backend: Backend = "asyncio",
    limit: Annotated[
        int, typer.Option(parser=_number, metavar="N", help="Make at most N calls at a time.")
    ] = 10,
    timeout: Annotated[
        float,
        typer.Option(parser=_seconds, metavar="SECONDS", help="How long a call may take."),
    ] = 10.0,
    retries: Annotated[
        int, typer.Option(parser=_number, metavar="N", help="Try up to N times more what may pass.")
    ] = 0,
    max_bytes: Annotated[
        int, typer.Option(parser=_number, metavar="N", help="How long a reply's body may be.")
    ] = 10_000_000,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.db",
            help="Save each call as it ends, and make only those that did not go well before.",
        ),
    ] = None,
) -> None:
    """Call many URLs, and print a line for each: number, status, bytes, seconds, URL, error."""
    with ExitStack() as files:
        try:
            backends.check(backend)
            with extra("http"):
                import stamina.instrumentation  # noqa: PLC0415 an extra

                from awaits import fetch as calls  # noqa: PLC0415
                from awaits.saved import saved_in  # noqa: PLC0415
            calls.check_options(limit, timeout, retries, max_bytes)
            all_urls = _all_urls(urls or [], file, files)
        except ValueError as error:
            raise typer.TyperException(str(error)) from None
        stamina.instrumentation.set_on_retry_hooks(())  # it would log each retry
        if isinstance(sys.stdout, TextIOWrapper):  # a terminal may not know a URL's letters
            sys.stdout.reconfigure(errors="backslashreplace")
        progress = _progress(None)

        async def main() -> int:
            async with AsyncExitStack() as resources:
                saved = (
                    None if save is None else await resources.enter_async_context(saved_in(save))
                )
                async with progress.shown():
                    summary = await calls.fetch(
                        all_urls,
                        limit=limit,
                        timeout=timeout,
                        retries=retries,
                        max_bytes=max_bytes,
                        report=progress.report,
                        watch=progress.note,
                        saved=saved,
                    )
            progress.report(summary)
            return 1 if summary.n_failed else 0

        _run(
            main,
            *backends.anyio_backend(backend),
            if_interrupted=lambda: f"{progress.n_done} done, {progress.n_failed} failed",
        )


@app.command()
def hello() -> None:
    """Say hello, wait one second, say the rest."""
    _run(hello_program.main, "asyncio", {}, if_interrupted=lambda: "hello was not finished")


def _progress(n_tasks: int | None) -> Progress:
    console = Console()
    return Progress(n_tasks, console, live=sys.stdout.isatty() and console.is_interactive)


def _all_urls(
    urls: list[str], file: str | None, files: ExitStack
) -> Iterable[str] | AsyncIterable[str]:
    """Return the URLs of the command line, then those of a file."""
    if file is None:
        if not urls:
            raise ValueError("Give at least one URL, or --file; see awaits fetch --help.")
        return urls
    try:
        opened = files.enter_context(
            FileIO(sys.stdin.fileno(), closefd=False) if file == "-" else FileIO(file)
        )
    except OSError as error:
        raise ValueError(f"Cannot read {file}: {error.strerror}.") from None
    return urls_in(opened, first=urls)


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _run(
    main: Callable[[], Awaitable[int | None]],
    backend: str,
    options: dict[str, object],
    *,
    if_interrupted: Callable[[], str],
) -> None:
    """Run a program; end quietly on Ctrl-C, and when whoever reads the output has left."""
    code = 0
    try:
        code = anyio.run(main, backend=backend, backend_options=options) or 0
    # On trio, these come in a group.
    except* KeyboardInterrupt:
        code = 130
    except* BrokenPipeError:
        code = 1
        # What is still buffered would fail once more when Python flushes it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except* Unusable as errors:
        raise typer.TyperException(str(_first(errors))) from None
    if code == 130:
        print(f"awaits: interrupted; {if_interrupted()}.", file=sys.stderr)
    raise typer.Exit(code)
