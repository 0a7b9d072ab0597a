"""An event loop, of asyncio or trio, that stays open between calls from outside.

Private names, read in anyio 4.16.0: `anyio._core._eventloop.get_async_backend`, and
`create_test_runner` of what it returns. anyio's own pytest plugin uses them. They make an
`anyio.abc.TestRunner`, which is public.
"""

from typing import TYPE_CHECKING

from awaits.testing.loops.fence import check_names, does_not_fit

if TYPE_CHECKING:
    from anyio.abc import TestRunner


def kept_event_loop(backend: str, options: dict[str, object]) -> "TestRunner":
    """Return a runner of async functions. Its event loop stays open until the runner is closed.

    Args:
        backend: `asyncio` or `trio`.
        options: As for `anyio.run`.

    Raises:
        ValueError: The kit does not fit this version of anyio.
    """
    try:
        from anyio._core._eventloop import get_async_backend  # noqa: PLC0415 it may have moved

        made_by = get_async_backend(backend)
        check_names("anyio", {made_by: ["create_test_runner"]})
    except ImportError as error:
        raise ValueError(does_not_fit(error)) from None
    return made_by.create_test_runner(options)
