"""Who runs an async test: anyio's plugin, pytest-asyncio or pytest-trio."""

from typing import Literal, TypeAlias

import pytest

from awaits.testing import backends
from awaits.testing.loops import adapter
from awaits.testing.plugin.bodies import has_async_body
from awaits.testing.plugin.choice import backend_of

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


def event_loop_of(item: pytest.Item) -> str | None:
    """Return on which event loop a test runs, as far as that can be told before it runs.

    Returns:
        One of `backends.NAMES`; `None` if it cannot be told.
    """
    match runner_of(item):
        case "pytest-asyncio":
            return "asyncio"
        case "pytest-trio":
            return "trio"
        case "anyio" | None:
            return backends.name_of(backend_of(item))


def misfit_of(test: pytest.Item) -> str | None:
    """Return the sentence that tells why its event loop cannot be steered in this version.

    Returns:
        The sentence; `None` if it can be, or if no version of it can.
    """
    name = event_loop_of(test)
    if name is None or not backends.is_steered(name):
        return None
    try:
        adapter(name)
    except ValueError as error:
        return str(error)
    return None
