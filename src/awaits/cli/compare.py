"""`awaits compare`."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from awaits.cli.shared import Plot, Timeline, draw, finish, whole
from awaits.cli.table import Comparison
from awaits.compare.strategies import SEQUENTIAL, STRATEGIES, parse
from awaits.compare.workloads import WORKLOADS
from awaits.timeline import check_picture


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
    n_tasks: Annotated[
        int, typer.Option("-n", parser=whole("-n", 1), metavar="N", help="How many tasks.")
    ] = 20,
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
        names = parse(strategies)
        if plot is not None:
            check_picture(plot)
    except ValueError as error:
        raise typer.TyperException(str(error)) from None
    comparison = Comparison(workload, n_tasks, names, dask_scheduler)
    console = Console()

    def run() -> int:
        try:
            comparison.try_one()
        except ValueError as error:
            raise typer.TyperException(str(error)) from None
        try:
            comparison.run(console, live=sys.stdout.isatty() and console.is_interactive)
        finally:
            spans = {name: it.spans for name, it in comparison.measured.items()}
            draw(spans, in_terminal=timeline, plot=plot)
        asked = [name for name in names if name != SEQUENTIAL] or names  # which is always there
        return 0 if any(name in comparison.measured for name in asked) else 1

    finish(
        run,
        if_interrupted=lambda: f"{comparison.n_done} of {len(names)} strategies were measured",
    )
