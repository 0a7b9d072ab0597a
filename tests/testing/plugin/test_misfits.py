"""Private names of pytest and Hypothesis that have moved: what a user of the plugin sees."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

MOVED = Path(__file__).parents[1] / "moved.py"

TESTS = """
import anyio, pytest
from hypothesis import given, settings, strategies as st

@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_virtual():
    await anyio.sleep(3600)

@pytest.mark.anyio
async def test_clock(virtual_clock):
    await anyio.sleep(3600)

@pytest.mark.anyio
@pytest.mark.explore(orders=2)
async def test_explored():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0)
        tasks.start_soon(anyio.sleep, 0)

@pytest.mark.anyio
@pytest.mark.explore(orders=2)
@settings(deadline=None)
@given(st.integers())
async def test_drawn(n): pass

@pytest.mark.anyio
@pytest.mark.explore(False)
async def test_real(): pass

def test_sync(): pass
"""
VIRTUAL, EXPLORED = ["virtual", "clock"], ["explored", "drawn"]


def run(
    pytester: pytest.Pytester, package: str, pattern: str, *args: str
) -> subprocess.CompletedProcess[str]:
    """Run the tests on both event loops with a name moved."""
    pytester.makepyfile(test_it=TESTS)
    command = [
        sys.executable,
        str(MOVED),
        package,
        pattern,
        "pytest",
        "-p",
        "no:asyncio",
        "-p",
        "no:trio",
    ]
    options = ["--assert=plain", "-p", "no:cacheprovider", "-q", "-rA", "--tb=short", *args]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def outcomes(printed: str, outcome: str) -> set[str]:
    lines = [line for line in printed.splitlines() if line.startswith(f"{outcome} test_it.py::")]
    return {line.partition("::")[2].partition(" ")[0] for line in lines}


def on(backends: str, tests: list[str]) -> set[str]:
    return {f"test_{test}[{backend}]" for test in tests for backend in backends.split()}


def named(*names: str) -> str:
    return rf"\b({'|'.join(names)})\b"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "pattern", "library", "cannot"),
    [
        *(
            pytest.param("_pytest", named(name), "pytest", on("asyncio trio", tests), id=name)
            for name, tests in {
                "FuncFixtureInfo_": [],  # there is no such name
                "name2fixturedefs": VIRTUAL + EXPLORED,
                "cache_key": VIRTUAL + EXPLORED,
                "cached_result": VIRTUAL + EXPLORED,
                "_obj": EXPLORED,
                "check_interactive_exception": EXPLORED,
                "get_direct_param_fixture_func": EXPLORED,
                "runtestprotocol": EXPLORED,
            }.items()
        ),
        *(
            pytest.param(
                "hypothesis", named(name), "hypothesis", on("asyncio trio", ["drawn"]), id=name
            )
            for name in ("BuildContext", "ConjectureData", "current_build_context")
        ),
        pytest.param("trio", named("runq"), "trio", on("trio", VIRTUAL + EXPLORED), id="runq"),
        pytest.param("trio", named("in_trio_task"), "trio", on("trio", []), id="in_trio_task"),
        pytest.param("trio", named("reason"), "trio", on("trio", VIRTUAL + EXPLORED), id="reason"),
        pytest.param(
            "anyio",
            named("WorkerThread"),
            "anyio",
            on("asyncio", VIRTUAL + EXPLORED),
            id="WorkerThread",
        ),
        pytest.param(
            "anyio",
            named("_current_runner"),
            "anyio",
            on("asyncio trio", VIRTUAL),
            id="_current_runner",
        ),
    ],
)
def test_a_name_that_has_moved_fails_the_tests_that_need_it_and_no_others(
    pytester: pytest.Pytester, package: str, pattern: str, library: str, cannot: set[str]
) -> None:
    ran = run(pytester, package, pattern)

    everything = {*on("asyncio trio", [*VIRTUAL, *EXPLORED, "real"]), "test_sync"}
    assert outcomes(ran.stdout, "ERROR") == cannot, ran.stdout
    assert outcomes(ran.stdout, "PASSED") == everything - cannot
    sentence = f"This package does not fit {library} {importlib.metadata.version(library)} ("
    assert ran.stdout.count(f"\n{sentence}") == len(cannot)
    assert "INTERNALERROR" not in ran.stdout + ran.stderr
    assert "During handling of the above exception" not in ran.stdout


def test_names_that_the_choice_of_event_loops_needs_end_the_run_at_its_start(
    pytester: pytest.Pytester,
) -> None:
    ran = run(pytester, "_pytest", named("cached_result"), "--anyio-backends")

    assert ran.stdout == ""
    version = importlib.metadata.version("pytest")
    assert ran.stderr.startswith(
        f"ERROR: --anyio-backends: This package does not fit pytest {version} (FixtureDef has no "
        "cached_result); install a version that is known to fit, 8.2 to 9.2, or a newer release"
    )


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--explore=2", "--virtual-time"])
def test_options_for_a_whole_suite_fail_the_tests_that_anyio_runs(
    pytester: pytest.Pytester, option: str
) -> None:
    ran = run(pytester, "_pytest", named("name2fixturedefs"), option)

    real = on("asyncio trio", ["real"] if option == "--explore=2" else [])
    assert outcomes(ran.stdout, "PASSED") == {*real, "test_sync"}
    assert "INTERNALERROR" not in ran.stdout + ran.stderr
