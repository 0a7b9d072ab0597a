"""What is refused, in one sentence."""

import subprocess
import sys
from importlib import metadata
from unittest import mock

import pytest

from awaits import checks


@pytest.mark.parametrize("number", [0, -1, 1.0, "1", None, True])
def test_what_is_not_a_whole_number_or_too_low_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match=r"^n must be a whole number of at least 1, not "):
        checks.check_whole("n", number, 1)


def test_a_whole_number_may_have_no_lowest() -> None:
    checks.check_whole("seed", -5)
    with pytest.raises(ValueError, match=r"^seed must be a whole number, not 'x'\.$"):
        checks.check_whole("seed", "x")


def test_what_a_user_types_is_read_and_refused_in_the_same_words() -> None:
    assert checks.whole("n", "12", 1) == 12
    assert checks.seconds("timeout", "0.5") == 0.5
    for text, shown in ("few", "'few'"), ("0", "0"):
        with pytest.raises(
            ValueError, match=f"^n must be a whole number of at least 1, not {shown}"
        ):
            checks.whole("n", text, 1)
    for text, shown in ("soon", "'soon'"), ("nan", "nan"), ("0", "0.0"):
        with pytest.raises(ValueError, match=f"^timeout must be a number of seconds.*not {shown}"):
            checks.seconds("timeout", text)


def test_a_library_that_does_not_fit_is_told_with_what_to_install() -> None:
    with (
        pytest.raises(
            ValueError, match=r"^cannot import name 'nothing' from 'anyio'.*; install it"
        ),
        checks.extra("http"),
    ):
        exec("from anyio import nothing")  # noqa: S102 a type checker knows it as well


def test_the_name_to_install_is_that_of_the_distribution_with_this_command() -> None:
    def entry(value: str, name: str) -> mock.Mock:
        dist = mock.Mock()
        dist.name = name
        return mock.Mock(module=value, dist=dist)

    commands = [entry("other:main", "awaits"), entry("awaits.__main__", "awaits-of-ours")]
    with mock.patch.object(metadata, "entry_points", return_value=commands):
        assert checks.to_install("http") == "install it with: pip install 'awaits-of-ours[http]'"


def test_a_copy_that_is_not_installed_has_a_name_and_no_version() -> None:
    with (
        mock.patch.object(metadata, "entry_points", return_value=[]),
        mock.patch.object(metadata, "version", side_effect=metadata.PackageNotFoundError),
    ):
        assert checks.distribution() == "awaits-kit"
        assert checks.version() == "unknown"


@pytest.mark.parametrize("library", ["rich", "typer"])
def test_a_command_line_without_its_libraries_says_what_to_install(library: str) -> None:
    code = (
        f"import sys; sys.modules[{library!r}] = None; sys.argv = ['awaits', 'run']\n"
        "from awaits.__main__ import command_line; command_line()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (f"awaits: {library} is not installed; {checks.to_install('cli')}\n")
