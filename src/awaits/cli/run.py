"""`awaits run` and `awaits hello`."""

import random
import re
from typing import Annotated

import anyio
import typer

from awaits import hello as hello_program
from awaits import tasks
from awaits.cli.shared import Backend, Plot, Timeline, draw, finish, progress_of, run_on, whole
from awaits.testing import backends, virtual_time
from awaits.timeline import Recorder, check_picture


def _n_tasks(given: str | int) -> int:
    _check_option(str(given))
    return whole("n_tasks", 0)(given)


def _check_option(given: str) -> None:
    # typer takes an unknown option for an argument here, so that -1 can be told from one.
    if re.match(r"-\D", given):
        raise typer.TyperException(f"There is no option {given}; see awaits run --help.")


def run(
    context: typer.Context,
    n_tasks: Annotated[
        int, typer.Argument(parser=_n_tasks, metavar="N_TASKS", help="How many tasks.")
    ] = 20,
    *,
    backend: Backend = "asyncio",
    limit: Annotated[
        int | None,
        typer.Option(
            parser=whole("limit", 1),
            metavar="N",
            help="Let at most N tasks wait at the same time.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=whole("seed"), metavar="N", help="Draw the same waiting times every time."
        ),
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Wait in virtual time: the same lines, at once.")
    ] = False,
    timeline: Timeline = False,
    plot: Plot = None,
) -> None:
    """Run tasks that each wait 10 to 59 seconds, all at once."""
    if context.args:
        _check_option(context.args[0])
        raise typer.TyperException(f"Give one number of tasks, not {context.args[0]} as well.")
    try:
        backends.check(backend)
        name, options = backends.anyio_backend(backend)
        options |= virtual_time(backend) if virtual else {}
        random.seed(seed)
        if plot is not None:
            check_picture(plot)
    except ValueError as error:
        raise typer.TyperException(str(error)) from None
    progress = progress_of(n_tasks)
    recorder = Recorder()

    def report(event: tasks.Event) -> None:
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
            draw({"": recorder.spans}, in_terminal=timeline, plot=plot)

    finish(run_and_draw, if_interrupted=lambda: f"{progress.n_done} of {n_tasks} tasks were done")


def hello() -> None:
    """Say hello, wait one second, say the rest."""
    run_on(hello_program.main, "asyncio", {}, if_interrupted=lambda: "hello was not finished")
