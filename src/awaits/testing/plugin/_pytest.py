"""pytest's private names, which are listed here and in `_again.py`.

Read in pytest 8.2.0 and 9.2.0; tests/testing/plugin/test_private_names.py tells in plain words when
one has moved:

- `Function._fixtureinfo.name2fixturedefs`: pytest has no public way from a test to its fixtures;
  anyio and pytest-asyncio use this one.
- `FixtureDef.cached_result`, `cache_key` and `finish`: with these, later tests can get another
  value of a fixture, and a fixture can end before its scope does.
- `SubRequest`, the type of an argument that a hook gets.
- `caplog_records_key`, under which a test keeps what it has logged.
- `fault_handler_stderr_fd_key` of its plugin `faulthandler`: where that writes while stderr is
  captured. Without it, the kit writes to stderr.
"""

# pyright: reportPrivateUsage=false

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import pytest
from _pytest import logging as pytest_logging
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
        pytest_logging: ["caplog_records_key"],
    },
)


def fixture_definitions(test: pytest.Function, name: str) -> Sequence[pytest.FixtureDef[object]]:
    """Return the definitions of a fixture that a test can see; it gets the last one."""
    return test._fixtureinfo.name2fixturedefs.get(name, ())


def forget_logged_errors(test: pytest.Item) -> None:
    """Keep what a test's log tells of errors, and not the errors with all that they hold."""
    as_always = logging.Formatter()
    for records in test.stash.get(pytest_logging.caplog_records_key, {}).values():
        for record in records:
            if record.exc_info:
                record.exc_text = record.exc_text or as_always.formatException(record.exc_info)
                record.exc_info = None


def faulthandler_file(config: pytest.Config) -> int | TextIO | None:
    """Return the file in which pytest's faulthandler shows where threads stand."""
    plugin: object = config.pluginmanager.get_plugin("faulthandler")
    key: pytest.StashKey[int] | None = getattr(plugin, "fault_handler_stderr_fd_key", None)
    return sys.__stderr__ if key is None else config.stash.get(key, sys.__stderr__)
