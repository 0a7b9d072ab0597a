"""Fourth kind of test: types. mypy reads `tests/typing/`; nothing in it ever runs."""

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parent.parent


def mypy(*files: Path) -> tuple[str, int]:
    """Check files as `mypy --strict` does with this project's settings."""
    config = f"--config-file={ROOT / 'pyproject.toml'}"
    report, errors, code = api.run([config, "--strict", "--no-pretty", *map(str, files)])
    return report + errors, code


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_mypy_accepts_what_it_must_and_rejects_what_it_must() -> None:
    report, code = mypy(ROOT / "tests/typing")

    assert code == 0, report


def test_a_line_that_mypy_stops_rejecting_fails(tmp_path: Path) -> None:
    forgotten = "    individual_task(1)  # type: ignore[unused-coroutine]\n"
    text = (ROOT / "tests/typing/rejected.py").read_text()
    assert forgotten in text
    mended = tmp_path / "rejected.py"
    mended.write_text(text.replace(forgotten, forgotten.replace("individual", "await individual")))

    report, code = mypy(mended)

    assert code == 1
    assert report.count("error:") == 1
    assert 'Unused "type: ignore" comment  [unused-ignore]' in report
