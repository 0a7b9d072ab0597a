from typing import Protocol


class Connection(Protocol):
    async def send(self, text: str) -> None: ...
    async def receive(self) -> str: ...
    def close(self) -> None: ...


class Client:
    def __init__(self, connections: list[Connection]) -> None:
        self.connections = connections

    async def get(self, key: str) -> str:
        connection = self.connections.pop(0)
        try:
            await connection.send(key)
            reply = await connection.receive()
        except BaseException:
            connection.close()
            raise
        self.connections.append(connection)
        return reply
