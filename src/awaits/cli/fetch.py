"""`awaits fetch`."""

import sys
from collections.abc import AsyncIterable, Iterable
from contextlib import AsyncExitStack, ExitStack
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from awaits.checks import extra
from awaits.cli.shared import Backend, progress_of, run_on, seconds, whole
from awaits.fetch.urls import urls_in
from awaits.testing import backends


def fetch(
    urls: Annotated[list[str] | None, typer.Argument(metavar="URL...", help="What to GET.")] = None,
    *,
    file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Call the URLs in a file, too, one a line; - is stdin."),
    ] = None,
    backend: Backend = "asyncio",
    limit: Annotated[
        int,
        typer.Option(parser=whole("limit", 1), metavar="N", help="Make at most N calls at a time."),
    ] = 10,
    timeout: Annotated[
        float,
        typer.Option(
            parser=seconds("timeout"), metavar="SECONDS", help="How long a call may take."
        ),
    ] = 10.0,
    retries: Annotated[
        int,
        typer.Option(
            parser=whole("retries", 0),
            metavar="N",
            help="Try up to N times more after failures that may pass.",
        ),
    ] = 0,
    max_bytes: Annotated[
        int,
        typer.Option(
            parser=whole("--max-bytes", 0), metavar="N", help="How long a reply's body may be."
        ),
    ] = 10_000_000,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.db",
            help="Save each call as it ends, and make only those that have not succeeded yet.",
        ),
    ] = None,
) -> None:
    """Call many URLs, and print a line for each: number, status, bytes, seconds, URL, error."""
    with ExitStack() as files:
        try:
            backends.check(backend)
            with extra("http"):
                import stamina.instrumentation  # noqa: PLC0415 an extra

                from awaits.fetch import many  # noqa: PLC0415
                from awaits.fetch.saved import saved_in  # noqa: PLC0415
            all_urls = _all_urls(urls or [], file, files)
        except ValueError as error:
            raise typer.TyperException(str(error)) from None
        stamina.instrumentation.set_on_retry_hooks(())  # stamina would log each retry
        if isinstance(sys.stdout, TextIOWrapper):  # a terminal may not know a URL's letters
            sys.stdout.reconfigure(errors="backslashreplace")
        progress = progress_of(None)

        async def main() -> int:
            async with AsyncExitStack() as resources:
                saved = (
                    None if save is None else await resources.enter_async_context(saved_in(save))
                )
                async with progress.shown():
                    summary = await many.fetch(
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

        run_on(
            main,
            *backends.anyio_backend(backend),
            if_interrupted=lambda: f"{progress.n_done} done, {progress.n_failed} failed",
        )


def _all_urls(
    urls: list[str], file: str | None, files: ExitStack
) -> Iterable[str] | AsyncIterable[str]:
    """Return the URLs of the command line, then those of a file."""
    if file is None:
        if not urls:
            raise ValueError("Give at least one URL, or --file; see awaits fetch --help.")
        return urls
    if file == "-" and sys.stdin is None:
        raise ValueError("Cannot read -, because stdin is closed; give a file or a pipe.")
    try:
        opened = files.enter_context(
            FileIO(sys.stdin.fileno(), closefd=False) if file == "-" else FileIO(file)
        )
    except OSError as error:
        raise ValueError(f"Cannot read {file}: {error.strerror}.") from None
    return urls_in(opened, first=urls)
