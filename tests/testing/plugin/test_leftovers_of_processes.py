"""`pytest --no-leftovers` and `--explore-cancel`, and child processes."""

import sys
import threading
from types import SimpleNamespace

import pytest

from awaits.testing.leftovers import watch
from tests.testing.plugin.left import ON_BOTH, WITH_CONFIG, body, run, told

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no `sleep`.")

START = "from subprocess import Popen\nprocess = Popen(['sleep', '100'])\n"
END = "pytestconfig.add_cleanup(lambda: (process.kill(), process.wait()))\n"


def test_one_that_runs_is_left(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SECONDS", 0.01)  # it runs for longer in any case
    result = run(pytester, body(START + END, WITH_CONFIG))

    result.assert_outcomes(failed=2)
    assert told(result) == {"process sleep 100, made at test_it.py:16, in test_it"}
    result.stdout.fnmatch_lines("To allow one: *(allow='process sleep 100[*]'), *")


def test_so_is_one_that_nobody_holds(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SECONDS", 0.01)
    kills = "import os\npid = process.pid\npytestconfig.add_cleanup(lambda: os.kill(pid, 9))\n"
    result = run(pytester, body(START + kills + "del process", WITH_CONFIG))

    result.assert_outcomes(failed=2)
    assert told(result) == {"process sleep 100, made at test_it.py:16, in test_it"}


def test_nobody_waits_for_one_that_a_cancelled_test_has_started_itself(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(watch, "Event", lambda: SimpleNamespace(wait=waits.append))
    text = f"{START}{END}await anyio.sleep(0)\nprocess.kill()\nprocess.wait()"
    result = run(pytester, body(text, WITH_CONFIG), "--explore-cancel", "--virtual-time")

    result.assert_outcomes(passed=2)
    assert waits == []


@pytest.mark.parametrize(
    "text",
    [
        f"{START}process.kill()",
        f"{START}kept.append(process)\nprocess.kill()",
        "await anyio.run_process(['sleep', '0'])",
        "from anyio import to_process\nawait to_process.run_sync(len, '')",
    ],
)
def test_one_that_ends_is_not_left(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(watch, "SECONDS", 60.0)  # of which a busy machine may need some
    run(pytester, body(text, ON_BOTH)).assert_outcomes(passed=2)


def test_nobody_waits_for_one_while_a_test_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(watch, "Event", lambda: SimpleNamespace(wait=waits.append))
    begins = """
    import os, signal
    from subprocess import Popen
    started = []

    @pytest.fixture(scope="module", autouse=True)
    def starts(pytestconfig):
        started.append(Popen(["sleep", "100"]))
        pytestconfig.add_cleanup(lambda pid=started[0].pid: os.kill(pid, signal.SIGKILL))
    """
    result = run(pytester, begins + body("started.clear()", ON_BOTH))

    result.assert_outcomes(passed=2)
    assert waits == []


@pytest.mark.parametrize("mark", ["anyio", "asyncio"])
def test_one_that_a_cancelled_program_leaves_is_told(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setattr(watch, "SECONDS", 0.01)  # it runs for longer in any case
    pytester.makepyfile(
        program="""
        import asyncio

        kills = []

        async def forgets():
            process = await asyncio.create_subprocess_exec("sleep", "100")
            kills.append(process.kill)
            await asyncio.sleep(1)
            process.kill()
            await process.wait()
        """,
        test_it=f"""
        import contextlib, program, pytest

        @pytest.fixture(scope="module")
        def ends():
            yield
            for kill in program.kills:
                with contextlib.suppress(ProcessLookupError):
                    kill()

        @pytest.mark.{mark}
        async def test_it(ends):
            await program.forgets()
        """,
    )
    options = "--anyio-backends=asyncio", "--virtual-time", "--explore-cancel", "-Wignore"
    result = pytester.runpytest(*options)

    for thread in threading.enumerate():
        if thread.name.startswith(watch.WAITS_FOR_A_PROCESS):
            thread.join()  # it holds what asyncio warns of as it is collected, see conftest.py
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  process sleep 100, made at program.py:6, in forgets"])
    result.stdout.no_fnmatch_line("  thread *")
