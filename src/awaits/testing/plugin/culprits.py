"""Who runs an event loop that a test did not ask for, and what to do about it."""

import itertools
import traceback

import pytest


class Culprits:
    """The plugins of this run of pytest. One of them may have made the event loop."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = {
            str(getattr(plugin, "__name__", "")).partition(".")[0]: (
                dist.project_name,
                dist.version,
            )
            for plugin, dist in config.pluginmanager.list_plugin_distinfo()
        }
        # This plugin is always on the stack, because it is the one that asks.
        self._plugins.pop(__name__.partition(".")[0], None)

    def here(self) -> str:
        """Name who runs the event loop of the caller, and the remedy.

        Returns:
            Such as `pytest-asyncio 1.5.0: set its asyncio_mode to strict`.
        """
        plugin = self.plugin()
        if plugin is None:
            return "this project's own code: let anyio run the test"
        return f"{plugin}: {_remedy(plugin.partition(' ')[0])}"

    def plugin(self) -> str | None:
        """Return which plugin runs the event loop of the caller.

        Returns:
            The first one on the stack, going out to pytest, such as `pytest-asyncio 1.5.0`; `None`
            if there is none.
        """
        frames = traceback.walk_stack(None)
        packages = (str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in frames)
        inside_pytest = itertools.takewhile(lambda package: package != "_pytest", packages)
        package = next((package for package in inside_pytest if package in self._plugins), None)
        return None if package is None else " ".join(self._plugins[package])


def _remedy(plugin: str) -> str:
    match plugin:
        case "anyio":
            return "an async fixture keeps that event loop open; let it take anyio_backend"
        case "pytest-asyncio":
            return "set its asyncio_mode to strict, or run pytest with -p no:asyncio"
        case _:
            return "keep it away from tests that are marked anyio"
