"""The command line."""

import importlib.metadata
import os
import random
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer
from rich.console import Console

from awaits import hello as hello_program
from awaits import tasks
from awaits.compare import Comparison
from awaits.progress import Progress
from awaits.spans import Span
from awaits.strategies import STRATEGIES, parse
from awaits.testing import backends, virtual_time
from awaits.timeline import Recorder, check_picture, picture, text
from awaits.workloads import WORKLOADS

app: typer.Typer = typer.Typer(
    help="Twenty tasks that wait, run concurrently on asyncio or trio.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Timeline = Annotated[bool, typer.Option("--timeline", help="Draw who waited when, at the end.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw the same into a file, as .svg or .png."),
]


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
    timeline: Timeline = False,
    plot: Plot = None,
) -> None:
    """Run tasks that each wait 10 to 59 seconds, all at once."""
    try:
        tasks.check_counts(n_tasks, limit)
        backends.check(backend)
        name, options = backends.anyio_backend(backend)
        options |= virtual_time(backend) if virtual else {}
        random.seed(None if seed is None else _seed(seed))
        if plot is not None:
            check_picture(plot)
    except ValueError as error:
        raise typer.TyperException(str(error)) from None
    console = Console()
    live = sys.stdout.isatty() and console.is_interactive
    progress = Progress(n_tasks, console, live=live)
    recorder = Recorder()

    def report(event: object) -> None:
        progress.report(event)
        if timeline or plot:
            recorder.report(event)

    async def main() -> None:
        try:
            async with progress.shown():
                await tasks.main(n_tasks, limit=limit, report=report)
        finally:
            recorder.stop()

    def run_and_draw() -> None:
        try:
            anyio.run(main, backend=name, backend_options=options)
        finally:
            _draw({"": recorder.spans}, in_terminal=timeline, plot=plot)

    _finish(run_and_draw, if_interrupted=lambda: f"{progress.n_done} of {n_tasks} tasks were done")


@app.command()
def compare(
    *,
    workload: Annotated[
        str,
        typer.Option(
            metavar="|".join([*WORKLOADS, "PACKAGE.MODULE:FUNCTION"]),
            autocompletion=lambda: list(WORKLOADS),
            help="What each task does: wait, compute, both, or a function of yours.",
        ),
    ] = "pause",
    n_tasks: Annotated[str, typer.Option("-n", metavar="N", help="How many tasks.")] = "20",
    strategies: Annotated[
        str,
        typer.Option(
            metavar="NAME,NAME",
            autocompletion=lambda: list(STRATEGIES),
            help=f"What to compare with one after another: {', '.join(STRATEGIES)}.",
        ),
    ] = "all",
    dask_scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask cluster, instead of one that starts here."),
    ] = None,
    timeline: Timeline = False,
    plot: Plot = None,
) -> None:
    """Do the same work in different ways, side by side, and say which to choose."""
    try:
        if not (n_tasks.isdecimal() and int(n_tasks)):
            raise ValueError(f"-n must be a whole number of at least 1, not {n_tasks!r}.")
        names = parse(strategies)
        if plot is not None:
            check_picture(plot)
    except ValueError as error:
        raise typer.TyperException(str(error)) from None
    comparison = Comparison(workload, int(n_tasks), names, dask_scheduler)
    console = Console()

    def run() -> None:
        try:
            comparison.try_one()
        except ValueError as error:
            raise typer.TyperException(str(error)) from None
        try:
            comparison.run(console, live=sys.stdout.isatty() and console.is_interactive)
        finally:
            spans = {name: it.spans for name, it in comparison.measured.items()}
            _draw(spans, in_terminal=timeline, plot=plot)

    _finish(
        run,
        if_interrupted=lambda: f"{comparison.n_done} of {len(names)} strategies were measured",
    )


def _draw(timelines: Mapping[str, Sequence[Span]], *, in_terminal: bool, plot: Path | None) -> None:
    """Draw who waited when, where the user wants it: below the lines, and in a file."""
    if plot is not None:
        try:
            picture(timelines, plot)
        except OSError as error:
            raise typer.TyperException(f"{plot} cannot be written: {error.strerror}.") from None
    if in_terminal:
        width, height = shutil.get_terminal_size()
        encoding = (sys.stdout.encoding or "").lower()
        print(text(timelines, width=width, height=height, bar="━" if "utf" in encoding else "="))


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
    """Run a program on an event loop, as `_finish` does."""
    _finish(
        lambda: anyio.run(main, backend=backend, backend_options=options),
        if_interrupted=if_interrupted,
    )


def _finish(run: Callable[[], None], *, if_interrupted: Callable[[], str]) -> None:
    """Run a program; end quietly on Ctrl-C, and when whoever reads the output has left."""
    code = 0
    try:
        run()
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
