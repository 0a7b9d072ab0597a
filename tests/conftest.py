"""What the tests of every command need."""

import sys
from collections.abc import Callable

import pytest

from awaits import cli


@pytest.fixture
def awaits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: its exit code, and what it wrote to stdout and stderr."""

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["awaits", *args])
        with pytest.raises(SystemExit) as exit_:
            cli.command_line()
        code = exit_.value.code
        out, err = capsys.readouterr()
        return code if isinstance(code, int) else 0, out, err

    return run
