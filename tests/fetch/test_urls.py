import os
from io import FileIO
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.fetch.calls import Unusable
from awaits.fetch.urls import CHUNK_BYTES, urls_in

pytestmark = pytest.mark.anyio


async def urls_of(path: Path) -> list[str]:
    with FileIO(path) as file:
        return [url async for url in urls_in(file)]


async def test_each_line_is_a_url(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_bytes(b"\xef\xbb\xbfhttp://a\r\n\n# c\n  http://b/#x \nhttp://c")

    assert await urls_of(file) == ["http://a", "http://b/#x", "http://c"]


async def test_the_urls_of_the_command_line_come_first(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("b\n")

    with FileIO(file) as opened:
        assert [url async for url in urls_in(opened, first=["a"])] == ["a", "b"]


async def test_bytes_that_are_no_utf_8_spoil_their_line_only(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_bytes(b"a\nb\xff\xfe\nc\n")

    assert await urls_of(file) == ["a", "b\udcff\udcfe", "c"]


async def test_an_endless_line_is_not_kept_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_bytes(b"x" * 10 * CHUNK_BYTES + b"\ny")

    *pieces, last = await urls_of(file)

    assert last == "y"
    assert len(pieces) == 5
    assert all(CHUNK_BYTES < len(piece) <= 2 * CHUNK_BYTES for piece in pieces[:-1])
    assert sum(map(len, pieces)) == 10 * CHUNK_BYTES


@given(lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"))))
async def test_any_file_is_read_as_its_lines(
    lines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("urls") / "urls"
    file.write_bytes("\n".join(lines).encode())

    stripped = [line.removeprefix("\ufeff").strip() for line in lines]
    assert await urls_of(file) == [it for it in stripped if it and not it.startswith("#")]


@pytest.mark.virtual_time
async def test_a_line_of_a_pipe_is_there_as_soon_as_it_is_written() -> None:
    reading, writing = os.pipe()
    came: list[tuple[float, str]] = []

    async def read() -> None:
        with FileIO(reading) as file:
            async for url in urls_in(file):
                came.append((anyio.current_time(), url))  # noqa: PERF401 not when all are there

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        for line in b"a\n", b"b\nc", b"d\n":
            await anyio.sleep(1)
            os.write(writing, line)
        await anyio.sleep(1)
        os.close(writing)

    assert came == [(1.0, "a"), (2.0, "b"), (3.0, "cd")]


async def test_waiting_for_a_pipe_can_be_cancelled() -> None:
    reading, writing = os.pipe()
    with FileIO(reading) as file, FileIO(writing, "w"), anyio.move_on_after(0.01) as scope:
        async for _ in urls_in(file):
            raise AssertionError

    assert scope.cancelled_caught


async def test_a_file_that_cannot_be_read_is_told_in_a_sentence() -> None:
    with FileIO("/proc/self/mem") as file:
        with pytest.raises(Unusable, match=r"^Cannot read /proc/self/mem: Input/output error\.$"):
            [url async for url in urls_in(file)]
