"""The command line in this process."""

import sys

import pytest

from awaits import cli
from tests.cli.command import Awaits


@pytest.fixture
def awaits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Awaits:
    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["awaits", *args])
        with pytest.raises(SystemExit) as exit_:
            cli.command_line()
        code = exit_.value.code
        out, err = capsys.readouterr()
        return code if isinstance(code, int) else 0, out, err

    return run
