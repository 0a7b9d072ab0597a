from typing import Protocol


class Client(Protocol):
    async def send(self, text: str) -> None: ...


class Room:
    def __init__(self) -> None:
        self.clients: set[Client] = set()

    async def say(self, text: str) -> None:
        for client in list(self.clients):
            await client.send(text)
