"""Lets the kit run beside older releases of anyio, whose bugs are measured here."""

from anyio._core import _tasks


class TaskHandle:
    """Stands for the class by which the kit knows the tasks of anyio 4.16; older ones have none."""

    async def _run_coro(self) -> None: ...


if not hasattr(_tasks, "TaskHandle"):
    setattr(_tasks, "TaskHandle", TaskHandle)  # noqa: B010 mypy knows only the newest release
