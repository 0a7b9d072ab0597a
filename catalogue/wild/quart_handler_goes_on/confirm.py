import asyncio

from quart import Quart

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
app = Quart(__name__)
went_on = asyncio.Event()


@app.route("/")
async def index() -> str:
    await asyncio.sleep(1)
    went_on.set()
    return ""


async def receive() -> None:
    await asyncio.sleep(3600)


async def send(message: object) -> None:
    pass


async def main() -> None:
    try:
        async with asyncio.timeout(0.5):
            await app(SCOPE, receive, send)
    except TimeoutError:
        print("the call was cancelled")
    await asyncio.sleep(1)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    print("the handler went on:", went_on.is_set())
    print("tasks that are left:", [task.get_coro().__qualname__ for task in left])
    raise SystemExit(bool(went_on.is_set() or left))


asyncio.run(main())
