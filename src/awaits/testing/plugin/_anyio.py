"""Private names of anyio's own pytest plugin.

Read in anyio 4.16.0:

- `_current_runner`, the runner of its tests, and `_runner_leases`, the number of its users.
- `extract_backend_and_options`, which reads the value of an `anyio_backend` fixture before a runner
  is made.
"""

from collections.abc import Callable

import anyio.pytest_plugin
import pytest

from awaits.testing.backends import AnyioBackend
from awaits.testing.loops.fence import check_names

_EXTRACT = "extract_backend_and_options"

check_names("anyio", {anyio.pytest_plugin: ["_current_runner", "_runner_leases", _EXTRACT]})


def forget_runner_that_did_not_close() -> None:
    """Let anyio make another runner if the last one raised an error as it closed.

    It would run the next test in it: that fails, or hangs.
    """
    names = vars(anyio.pytest_plugin)
    if names["_runner_leases"] == 0 and names["_current_runner"] is not None:
        setattr(anyio.pytest_plugin, "_current_runner", None)  # noqa: B010 mypy minds the rest


def replace_backends(
    replacement: Callable[[str, dict[str, object]], AnyioBackend],
) -> Callable[[], None]:
    """Have anyio make its runners with other options than those of `anyio_backend`.

    Args:
        replacement: Is given a backend and its options, and returns what to use instead.

    Returns:
        A function that ends this.
    """
    extract: Callable[[object], AnyioBackend] = vars(anyio.pytest_plugin)[_EXTRACT]

    def replaced(backend: object) -> AnyioBackend:
        return replacement(*extract(backend))

    patch = pytest.MonkeyPatch()
    patch.setattr(anyio.pytest_plugin, _EXTRACT, replaced)
    return patch.undo
