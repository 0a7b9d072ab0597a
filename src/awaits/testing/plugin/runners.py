"""Who runs an async test: anyio's plugin, pytest-asyncio or pytest-trio.

This uses no private names, so it works with any version of pytest, even one that does not fit.
"""

from typing import Literal, TypeAlias

import pytest

from awaits.testing.plugin.bodies import has_async_body

Runner: TypeAlias = Literal["anyio", "pytest-asyncio", "pytest-trio"]

NAMES = "anyio, pytest-asyncio or pytest-trio"
MARK_IT = "mark it anyio, asyncio or trio, too"


def runner_of(item: pytest.Item) -> Runner | None:
    """Return which plugin runs a test; `None` if it is not async, or if none of them does.

    pytest-asyncio in auto mode, and pytest-trio in trio mode, also take tests marked anyio.
    """
    if not has_async_body(item):
        return None
    if item.get_closest_marker("trio") and item.config.pluginmanager.has_plugin("trio"):
        return "pytest-trio"
    if any(kind.__module__ == "pytest_asyncio.plugin" for kind in type(item).__mro__):
        return "pytest-asyncio"
    return "anyio" if "anyio_backend" in getattr(item, "fixturenames", []) else None
