from asyncio import AbstractEventLoop

def new_event_loop(
    *,
    start: float | None = ...,
    end: float | None = ...,
    resolution: float = ...,
    idle_step: float | None = ...,
    idle_timeout: float | None = ...,
    noop_cycles: int = ...,
) -> AbstractEventLoop: ...
