from asyncio.selector_events import BaseSelectorEventLoop

class EventLoop(BaseSelectorEventLoop):
    def __init__(self) -> None: ...
