"""The proof that a test ran where its name says: what the test itself sees, inside the loop.

A label proves nothing. pytest-asyncio in auto mode takes a test labelled `[trio]` and runs it on
asyncio, and anyio before 4.16 runs every Hypothesis test on the first event loop only; both pass.
"""

import functools
import itertools
import traceback

import pytest

from awaits.testing import backends
from awaits.testing.bodies import Body, replace_body


class Witness:
    """Stands in for the body of one test after another, and sees which event loop runs it."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = {
            package: (dist.project_name, dist.version)
            for plugin, dist in config.pluginmanager.list_plugin_distinfo()
            for package in [str(getattr(plugin, "__name__", "")).partition(".")[0]]
            if package != __name__.partition(".")[0]  # the witness itself is on the stack
        }
        self._expected = ""
        self._seen: dict[str, str] = {}
        self._entered = False
        self._hypothesis = False

    def enter(self, test: pytest.Function, expected: str) -> None:
        """Take the place of a test's body, for the run that follows.

        Args:
            test: A test. One that is not async claims nothing, and is left alone.
            expected: The event loop that it claims to run on.
        """
        self._expected, self._seen = expected, {}
        self._hypothesis = hasattr(test.obj, "hypothesis")
        self._entered = replace_body(test, self._stand_in_for)

    def complaint(self) -> str | None:
        """Return the sentence that tells which other event loop ran the test, why, and the remedy.

        Returns:
            The sentence; `None` if the test ran on no other event loop than it claims.
        """
        for seen, culprit in self._seen.items():
            if seen != self._expected:
                return f"labelled {self._expected}, but run on {seen} by {culprit}."
        return None

    def saw_nothing(self) -> bool:
        """Tell whether the test's body was never run, as far as the witness could see."""
        return self._entered and not self._seen and not self._hypothesis

    def _stand_in_for(self, body: Body) -> Body:
        @functools.wraps(body)
        async def stand_in(*args: object, **kwargs: object) -> None:
            __tracebackhide__ = True
            seen = backends.running()
            if seen not in self._seen:
                self._seen[seen] = self._culprit(seen)
            if seen == self._expected:
                await body(*args, **kwargs)

        return stand_in

    def _culprit(self, seen: str) -> str:
        """Name who runs the event loop: the first plugin on the stack, going out to pytest."""
        if seen.startswith(f"{self._expected}+"):
            return "an event loop policy: remove uvloop.install(), or choose that event loop"
        frames = traceback.walk_stack(None)
        packages = (str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in frames)
        inside_pytest = itertools.takewhile(lambda package: package != "_pytest", packages)
        package = next((package for package in inside_pytest if package in self._plugins), None)
        if package is None:
            return "this project's own code: let anyio run the test"
        name, version = self._plugins[package]
        return f"{name} {version}: {self._remedy(name)}"

    def _remedy(self, plugin: str) -> str:
        match plugin:
            case "anyio" if self._hypothesis:
                return "before 4.16, it runs Hypothesis tests on one event loop; upgrade it"
            case "anyio":
                return "an async fixture keeps that event loop open; let it use anyio_backend"
            case "pytest-asyncio":
                return "set its asyncio_mode to strict, or run pytest with -p no:asyncio"
            case _:
                return "keep it away from tests that are marked anyio"
