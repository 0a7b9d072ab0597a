from types import ModuleType
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


def test_waiting(program: ModuleType) -> None:
    assert [*program.command("a", "b")] == ["A", "B"]
    assert [*program.command("c", "d")] == ["C", "D"]


def test_patched(program: ModuleType) -> None:
    with mock.patch("asyncio.sleep"):
        assert [*program.command("a", "b")] == ["A", "B"]
        assert [*program.command("c", "d")] == ["C", "D"]


@given(texts=st.lists(st.sampled_from("abc"), min_size=2, max_size=2))
def test_property(program: ModuleType, texts: list[str]) -> None:
    with mock.patch("asyncio.sleep"):
        assert [*program.command(*texts)] == [text.upper() for text in texts]
