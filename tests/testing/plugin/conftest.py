"""The plugin is tried as a user does: on small projects that pytester makes."""

import importlib

import pytest

# pytester forgets the modules that an inner run was first to import: import the slow ones here.
for module in ("hypothesis.strategies", "time_machine", "trio", "uvloop"):
    importlib.import_module(module)


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    """A project that has no settings of its own, but for a default that pytest-asyncio asks for.

    pytest-trio stays away, where it is not asked for: it makes trio deterministic when imported.
    """
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = -p no:trio"
    )
