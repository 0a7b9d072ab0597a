"""Which of two programs the tests of a bug import, and what else watches them.

`pytest catalogue/lost_update/test_it.py --program=wrong --anyio-backends=asyncio` runs the tests of
a bug on its wrong program; `--attach` adds a tool to them, as a user would add it to a suite.
"""

import gc
import importlib.util
import logging
import os
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

ATTACHED = ("blockbuster", "debug", "pyleak")


class AsyncioLoggedError(Exception):
    """What asyncio logged while a test ran: a warning, or an error."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--program", choices=("wrong", "right"), default="right")
    parser.addoption("--times", type=int, default=1, help="how often each test runs")
    parser.addoption("--attach", choices=ATTACHED, help="a tool that watches the tests")


def pytest_configure(config: pytest.Config) -> None:
    attached = config.getoption("--attach")
    if attached == "debug":
        os.environ["PYTHONASYNCIODEBUG"] = "1"
        config.pluginmanager.register(_Debug())
    elif attached == "blockbuster":
        config.pluginmanager.register(_BlockBuster())
    elif attached == "pyleak":
        config.addinivalue_line("markers", "no_leaks: pyleak's, which does not register it")
        config.pluginmanager.register(_PyLeak())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test several times, as often as `--times` says."""
    times = int(metafunc.config.getoption("--times") or 1)
    if times > 1:
        metafunc.fixturenames.append("run_number")
        metafunc.parametrize("run_number", range(times))


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest) -> ModuleType:
    """Return the program beside the test, wrong or right, imported anew."""
    file = request.path.with_name(f"{request.config.getoption('--program')}.py")
    return _import(file)


def _import(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("program", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["program"] = module  # for `mock.patch("program.anyio.sleep")`
    spec.loader.exec_module(module)
    return module


class _Debug(logging.Handler):
    """asyncio's debug mode, in which what asyncio logs is a failure."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._logged: list[str] = []
        logging.getLogger("asyncio").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.append(record.getMessage())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except BaseException as error:
            traceback.clear_frames(error.__traceback__)  # or it keeps tasks
            raise
        finally:
            gc.collect()  # some is told of when it is thrown away
            if self._logged:
                raise AsyncioLoggedError("\n".join(self._logged))


class _BlockBuster:
    """blockbuster, as its fixture does it."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        from blockbuster import blockbuster_ctx  # noqa: PLC0415 not there for every test

        with blockbuster_ctx():
            return (yield)


class _PyLeak:
    """pyleak, by its marker."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            # anyio keeps its worker threads: those would be found each time.
            item.add_marker(pytest.mark.no_leaks(tasks=True, blocking=True, threads=False))
