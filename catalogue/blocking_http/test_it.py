import http.server
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from unittest import mock

import anyio
import pytest

pytestmark = pytest.mark.anyio


class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(0.3)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name there
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_waiting(program: ModuleType, url: str) -> None:
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await anyio.sleep(0.02)
            beats += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat)
        assert await program.status(url) == 204
        tasks.cancel_scope.cancel()
    assert beats >= 3


async def test_patched(program: ModuleType) -> None:
    with mock.patch("urllib.request.urlopen") as urlopen:
        urlopen().__enter__().status = 204
        assert await program.status("http://shop") == 204
