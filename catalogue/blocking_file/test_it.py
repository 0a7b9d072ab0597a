from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


async def test_waiting(program: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "poem"
    file.write_text("to be or not")
    assert await program.n_words(file) == 4


async def test_patched(program: ModuleType) -> None:
    with mock.patch("builtins.open", mock.mock_open(read_data="to be")):
        assert await program.n_words(Path("poem")) == 2
