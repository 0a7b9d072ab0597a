from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    file = tmp_path / "poem"
    file.write_text("to be or not")
    return file


async def test_waiting(program: ModuleType, poem: Path) -> None:
    assert await program.n_words(poem) == 4


async def test_patched(program: ModuleType) -> None:
    with mock.patch("builtins.open", mock.mock_open(read_data="to be")):
        assert await program.n_words(Path("poem")) == 2
