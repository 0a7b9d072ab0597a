import sys
from collections.abc import Callable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.testing import backends


def test_every_event_loop_that_can_be_named_is_installed_where_these_tests_run() -> None:
    assert backends.installed() == backends.NAMES == ("asyncio", "trio", "asyncio+uvloop")


@given(st.lists(st.sampled_from(backends.NAMES), min_size=1))
def test_names_are_read_in_their_order_and_each_once(names: list[str]) -> None:
    assert backends.parse(" , ".join(names)) == tuple(dict.fromkeys(names))


def test_all_means_every_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert backends.parse("all") == ("asyncio", "trio")


def test_all_may_come_after_the_name_that_is_to_come_first() -> None:
    assert backends.parse("trio,all") == ("trio", "asyncio", "asyncio+uvloop")


@pytest.mark.parametrize("names", ["curio", "", "trio,", "asyncio trio", "trio+uvloop", "Trio"])
def test_an_unknown_name_is_refused_with_the_names_there_are(names: str) -> None:
    with pytest.raises(ValueError, match=r"choose from asyncio, trio, asyncio\+uvloop\.$"):
        backends.parse(names)


@pytest.mark.parametrize(
    "function",
    [backends.anyio_backend, backends.check, backends.is_steered, backends.version],
)
def test_every_function_of_a_name_refuses_one_that_there_is_not(
    function: Callable[[str], object],
) -> None:
    with pytest.raises(ValueError, match=r"^There is no event loop 'x'; choose from asyncio, "):
        function("x")


@pytest.mark.parametrize(("name", "module"), [("trio", "trio"), ("asyncio+uvloop", "uvloop")])
def test_an_event_loop_that_is_not_installed_is_refused_with_what_to_install(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ValueError, match=rf"not installed.* pip install {module}$"):
        backends.parse(name)


@pytest.mark.parametrize("name", backends.NAMES)
def test_the_running_event_loop_is_the_one_that_anyio_was_told_to_run(name: str) -> None:
    async def ask() -> str:
        return backends.running()

    backend, options = backends.anyio_backend(name)

    assert anyio.run(ask, backend=backend, backend_options=options) == name


@pytest.mark.parametrize("name", backends.NAMES)
def test_who_adds_options_to_an_event_loop_adds_them_for_nobody_else(name: str) -> None:
    backends.anyio_backend(name)[1]["debug"] = True

    assert "debug" not in backends.anyio_backend(name)[1]


def test_outside_an_event_loop_none_is_running() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        backends.running()


@pytest.mark.parametrize("name", backends.NAMES)
def test_what_anyio_calls_an_event_loop_has_its_name(name: str) -> None:
    assert backends.name_of(backends.anyio_backend(name)) == name


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("asyncio", "asyncio"),
        ("trio", "trio"),
        (("asyncio", {"debug": True}), "asyncio"),
        (("asyncio", {"use_uvloop": False}), "asyncio"),
        (("trio", {"strict_exception_groups": True}), "trio"),
        ("curio", None),
        (("asyncio",), None),
        (None, None),
        (3, None),
    ],
)
def test_what_an_anyio_backend_fixture_returns_has_the_name_of_its_event_loop(
    backend: object, name: str | None
) -> None:
    assert backends.name_of(backend) == name


@pytest.mark.parametrize("name", backends.NAMES)
def test_a_version_names_the_event_loop(name: str) -> None:
    assert backends.version(name).startswith(f"{name} ")
