import anyio
from anyio.abc import TaskStatus


class Server:
    def __init__(self) -> None:
        self.listens = False

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        await anyio.sleep(0.01)  # binds the port
        self.listens = True
        task_status.started()
        await anyio.sleep_forever()


async def ask(server: Server) -> str:
    await anyio.sleep(0.2)  # the network
    return "hello" if server.listens else "connection refused"


async def first_answer() -> str:
    server, answer = Server(), ""
    async with anyio.create_task_group() as tasks:
        await tasks.start(server.serve)
        answer = await ask(server)
        tasks.cancel_scope.cancel()
    return answer
