"""Private names of anyio's own pytest plugin.

Read in anyio 4.16.0: `pytest_plugin._current_runner`, the runner of its tests, and
`_runner_leases`, the number of its users.
"""

import anyio.pytest_plugin

from awaits.testing.loops.fence import check_names

check_names("anyio", {anyio.pytest_plugin: ["_current_runner", "_runner_leases"]})


def forget_runner_that_did_not_close() -> None:
    """Let anyio make another runner if the last one raised an error as it closed.

    It would run the next test in it: that fails, or hangs.
    """
    names = vars(anyio.pytest_plugin)
    if names["_runner_leases"] == 0 and names["_current_runner"] is not None:
        setattr(anyio.pytest_plugin, "_current_runner", None)  # noqa: B010 mypy minds the rest
