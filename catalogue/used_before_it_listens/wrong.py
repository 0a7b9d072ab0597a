import anyio


class Server:
    def __init__(self) -> None:
        self.listens = False

    async def serve(self) -> None:
        await anyio.sleep(0.01)  # binds the port
        self.listens = True
        await anyio.sleep_forever()


async def ask(server: Server) -> str:
    await anyio.sleep(0.2)  # the network
    return "hello" if server.listens else "connection refused"


async def first_answer() -> str:
    server, answer = Server(), ""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        answer = await ask(server)
        tasks.cancel_scope.cancel()
    return answer
