"""pytest's private names, which are listed here and in `_again.py`.

Read in pytest 8.2.0 and 9.2.0; tests/testing/plugin/test_private_names.py tells in plain words when
one has moved:

- `Function._fixtureinfo.name2fixturedefs`: pytest has no public way from a test to its fixtures;
  anyio and pytest-asyncio use this one.
- `FixtureDef.cached_result`, `cache_key` and `finish`: with these, later tests can get another
  value of a fixture, and a fixture can end before its scope does.
- `SubRequest`, the type of an argument that a hook gets.
"""

# pyright: reportPrivateUsage=false

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from _pytest.fixtures import FuncFixtureInfo

from awaits.testing.loops.fence import check_names

if TYPE_CHECKING:
    from _pytest.fixtures import SubRequest as SubRequest  # noqa: PLC0414 for other modules

check_names(
    "pytest",
    {
        FuncFixtureInfo: ["name2fixturedefs"],
        pytest.FixtureDef: ["cache_key", "cached_result", "finish"],
        pytest.Function: ["_fixtureinfo"],
    },
)


def fixture_definitions(test: pytest.Function, name: str) -> Sequence[pytest.FixtureDef[object]]:
    """Return the definitions of a fixture that a test can see; it gets the last one."""
    return test._fixtureinfo.name2fixturedefs.get(name, ())
