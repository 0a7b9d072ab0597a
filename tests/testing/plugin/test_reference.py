"""The page of options and markers names all that the plugin adds to pytest, and nothing else."""

import re
from pathlib import Path

import pytest

from awaits.testing.plugin.options import WITH_VALUE

PAGE = Path(__file__).parents[3] / "docs" / "reference.md"


def added(pytester: pytest.Pytester, listing: str, pattern: str) -> set[str]:
    """Return what pytest lists with the plugin, and does not list without it."""
    found: list[set[str]] = []
    for arguments in ([], ["-p", "no:awaits"]):
        printed = pytester.runpytest(*arguments, listing).stdout.str()
        found.append(set(re.findall(pattern, printed, re.MULTILINE)))
    return found[0] - found[1]


def test_every_option_is_named_and_no_other(pytester: pytest.Pytester) -> None:
    named = set(re.findall(r"`(--[a-z-]+)", PAGE.read_text()))
    assert named == added(pytester, "--help", r"^  (--[a-z-]+)")


def test_every_option_that_takes_a_value_is_refused_without_one() -> None:
    named = set(re.findall(r"`(--[a-z-]+)\[?=[A-Z]", PAGE.read_text()))
    assert named == set(WITH_VALUE)


def test_every_key_of_the_ini_file_is_named_and_no_other(pytester: pytest.Pytester) -> None:
    named = set(re.findall(r"`([a-z_]+) = ", PAGE.read_text()))
    assert named == added(pytester, "--help", r"^  ([a-z_]+) \(\w+\):")


def test_every_marker_is_named_and_no_other(pytester: pytest.Pytester) -> None:
    named = set(re.findall(r"`@pytest\.mark\.(\w+)", PAGE.read_text()))
    assert named == added(pytester, "--markers", r"^@pytest\.mark\.(\w+)")


def test_every_fixture_is_named_and_no_other(pytester: pytest.Pytester) -> None:
    named = set(re.findall(r"the fixture `(\w+)`", PAGE.read_text()))
    assert named == added(pytester, "--fixtures", r"^(\w+) \[session scope\]")
