import anyio
import pytest
from quart import Quart

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "scheme": "http",
    "method": "GET",
    "path": "/",
    "raw_path": b"/",
    "root_path": "",
    "query_string": b"",
    "headers": [],
    "extensions": {},
}


@pytest.mark.explore(1000)
async def test_a_call_that_is_cancelled_ends_its_handler() -> None:
    app = Quart(__name__)
    went_on = False

    @app.route("/")
    async def index() -> str:
        nonlocal went_on
        await anyio.sleep(2)
        went_on = True
        return ""

    async def send(message: object) -> None:
        pass

    with anyio.move_on_after(1) as call:
        await app(SCOPE, anyio.sleep_forever, send)
    assert call.cancelled_caught
    await anyio.sleep(5)
    assert not went_on, "the handler went on after its call was cancelled"
