"""What was measured: JSON files in docs/data, each with its command, date and machine."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"


def load(name: str) -> Any:  # noqa: ANN401 each file has its own form
    """Return what stands in a file.

    Args:
        name: Its name, without `.json`.
    """
    return json.loads(DATA.joinpath(f"{name}.json").read_text())


def save(name: str, command: str, measured: Mapping[str, object]) -> None:
    """Write what was measured, and where and when.

    Args:
        name: The file's name, without `.json`.
        command: What was run.
        measured: The figures.
    """
    about = {
        "command": command,
        "date": f"{datetime.now(tz=UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "machine": f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores",
    }
    text = json.dumps({**about, **measured}, indent=1, ensure_ascii=False)
    DATA.joinpath(f"{name}.json").write_text(text + "\n")
