"""Private names that have moved: with each one gone, one sentence, and the rest goes on."""

import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from awaits.testing.loops.fence import KNOWN, check_names, does_not_fit

MOVED = Path(__file__).parents[1] / "moved.py"

# Runs each event loop in virtual time, in another order, and as it is.
RUNS = """
import anyio
from anyio.lowlevel import checkpoint
from awaits.testing import Schedule, virtual_time

async def sleep():
    await anyio.sleep(0.001)

async def steered():
    with Schedule({(1, 1): 1}):
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(checkpoint)

def attempt(what, main, backend, options):
    try:
        anyio.run(main, backend=backend, backend_options=options(backend))
    except Exception as error:
        print(f"{backend} {what}: {type(error).__name__}: {error}")

for backend in "asyncio", "trio":
    attempt("in virtual time", sleep, backend, virtual_time)
    attempt("in another order", steered, backend, lambda _: {})
    attempt("as it is", sleep, backend, lambda _: {})
"""


def failures(package: str, pattern: str, tmp_path: Path) -> dict[str, str]:
    """Return what could not be run with a name moved, and the error."""
    script = tmp_path / "runs.py"
    script.write_text(RUNS)
    command = [sys.executable, str(MOVED), package, pattern, str(script)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    lines = (line.partition(": ") for line in ran.stdout.splitlines())
    return {what: error for what, _, error in lines}


ASYNCIO = ["asyncio in virtual time", "asyncio in another order"]
TRIO = ["trio in virtual time", "trio in another order"]

NAMES = [
    *(
        pytest.param("asyncio", rf"\b{name}\b", "Python", ASYNCIO, id=f"asyncio.{name}")
        for name in (
            "_args",
            "_callback",
            "_cancelled",
            "_chain_future",
            "_context",
            "_process_events",
            "_ready",
            "_run",
            "_run_once",
            "_selector",
            "_signal_handlers",
            "_stopping",
            "_timer_handle_cancelled",
        )
    ),
    pytest.param("asyncio.tasks", r"\bfuture\b", "Python", ASYNCIO, id="asyncio.tasks.future"),
    pytest.param(
        "concurrent.futures.thread", r"\b_worker\b", "Python", ASYNCIO + TRIO, id="_worker"
    ),
    *(
        pytest.param("anyio", rf"\b{name}\b", "anyio", ASYNCIO, id=f"anyio.{name}")
        for name in (
            "AsyncIOBackend",
            "WorkerThread",
            "_deliver_cancellation",
            "current_default_thread_limiter",
            "loaded_backends",
            "run_sync_in_worker_thread",
            "wait_all_tasks_blocked",
        )
    ),
    pytest.param(
        "anyio._backends._asyncio", r"    def run(?=\(self\))", "anyio", ASYNCIO, id="anyio.run"
    ),
    *(
        pytest.param("anyio", rf"\b{name}\b", "anyio", ASYNCIO + TRIO, id=f"anyio.{name}")
        for name in (
            "_BlockingAsyncContextManager",
            "_BlockingPortalTaskStatus",
            "_enter_future",
            "_future",
            "_spawn_task_from_thread",
            "_token",
        )
    ),
    *(
        pytest.param("trio", rf"\b{name}\b", "trio", TRIO, id=f"trio.{name}")
        for name in (
            "Deadlines",
            "GLOBAL_RUN_CONTEXT",
            "PARENT_TASK_DATA",
            "Run",
            "Runner",
            "_abort_func",
            "_active_threads_local",
            "_attempt_abort",
            "_epoll",
            "_locals",
            "_next_send",
            "_registered",
            "_send_message_to_trio",
            "_work",
            "deadlines",
            "init_task",
            "io_manager",
            "main_task",
            "next_deadline",
            "run_in_host_task",
            "run_in_system_nursery",
            "run_system",
            "runq",
            "statistics",
            "task_register",
            "tasks",
            "waiting_for_idle",
        )
    ),
    pytest.param(
        "trio._core",
        r"(?m)(?<=GLOBAL_RUN_CONTEXT\.)runner\b|^    runner(?=: Runner$)",
        "trio",
        TRIO,
        id="trio.runner",
    ),
    pytest.param(
        "trio._threads",
        r"async def run(?=\(self\))|thread\.run(?=\(\))",
        "trio",
        TRIO,
        id="trio.run",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("package", "pattern", "library", "cannot"), NAMES)
def test_a_name_that_has_moved_is_told_by_those_that_need_it_and_no_others(
    package: str, pattern: str, library: str, cannot: list[str], tmp_path: Path
) -> None:
    failed = failures(package, pattern, tmp_path)

    assert sorted(failed) == sorted(cannot)
    version = (
        platform.python_version() if library == "Python" else importlib.metadata.version(library)
    )
    (sentence,) = set(failed.values())
    assert sentence.startswith(f"ValueError: This package does not fit {library} {version} (")
    assert sentence.endswith(
        f"); install a version that is known to fit, {KNOWN[library]}, or a newer release of this "
        "package."
    )


def test_where_no_name_has_moved_all_runs(tmp_path: Path) -> None:
    assert failures("trio", "there_is_no_such_name", tmp_path) == {}


class Thing:
    annotated: int

    def __init__(self) -> None:
        self.given = 1

    def method(self) -> None: ...


def test_names_are_looked_for_in_classes_their_objects_and_modules() -> None:
    check_names("trio", {Thing: ["annotated", "given", "method"], platform: ["python_version"]})
    with pytest.raises(ImportError, match=r"^Thing has no other$") as caught:
        check_names("trio", {Thing: ["other"]})
    assert caught.value.name == "trio"
    with pytest.raises(ImportError, match=r"^platform has no other$"):
        check_names("Python", {platform: ["other"]})


def test_the_library_is_named_whichever_way_a_name_is_missed() -> None:
    def sentence(statement: str) -> str:
        try:
            exec(statement)  # noqa: S102 a type checker knows that the names are not there
        except (AttributeError, ImportError) as error:
            return does_not_fit(error)
        return "nothing is missing"

    fits_not = "This package does not fit"
    trio, python = importlib.metadata.version("trio"), platform.python_version()
    assert sentence("from trio._core import other").startswith(
        f"{fits_not} trio {trio} (cannot import name 'other' from 'trio._core'); install "
    )
    assert sentence("import trio; trio.lowlevel.other").startswith(
        f"{fits_not} trio {trio} (module 'trio.lowlevel' has no attribute 'other'); install "
    )
    assert sentence("import trio; trio.CancelScope().other").startswith(f"{fits_not} trio {trio} (")
    assert sentence("from asyncio import other").startswith(f"{fits_not} Python {python} (")
    assert sentence("import _pytest; _pytest.other").startswith(f"{fits_not} pytest ")


def test_a_library_that_is_missing_is_named() -> None:
    error = ModuleNotFoundError("No module named 'outcome'", name="outcome")
    assert does_not_fit(error) == (
        "This package needs outcome, which cannot be imported (No module named 'outcome'); "
        "install it."
    )
