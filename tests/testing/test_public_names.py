"""The names of `awaits.testing`, which are imported only when they are used."""

import inspect
from types import FunctionType

import pytest

from awaits import testing


def test_they_are_what_an_interactive_session_offers() -> None:
    assert dir(testing) == sorted(testing.__all__)


@pytest.mark.parametrize("name", testing.__all__)
def test_each_is_there_and_told_of_by_help(name: str) -> None:
    named = getattr(testing, name)
    is_alias = not isinstance(named, type | FunctionType)  # of types; it has no docstring
    assert is_alias or inspect.getdoc(named)
    assert f"`{name}`" in str(testing.__doc__)
