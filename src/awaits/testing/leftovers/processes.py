"""Processes that a test has started."""

import os
import sys
from subprocess import Popen
from typing import Any, TypeAlias

import anyio.to_process

Process: TypeAlias = Popen[Any]

MOST_OF_A_COMMAND = 60  # characters


def is_running(process: Process) -> bool:
    """Tell whether a process runs, and leave its exit status to the code that waits for it."""
    if process.returncode is not None:
        return False
    if sys.platform == "win32":
        return process.poll() is None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def command_of(process: Process) -> str:
    """Return the command that a process runs, without the folder of the program."""
    program, *rest = _words(process)
    command = " ".join([os.path.basename(program), *rest])  # noqa: PTH119 as short as it is
    return " ".join(command.split())[:MOST_OF_A_COMMAND]


def is_anyios_worker(process: Process) -> bool:
    """Tell whether a process is one of the pool that anyio keeps for later work."""
    return anyio.to_process.__name__ in _words(process)


def _words(process: Process) -> list[str]:
    args: object = process.args
    return [str(it) for it in args] if isinstance(args, list | tuple) else [str(args)]
