"""The tests on each Python, and on the oldest libraries allowed."""

from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on every event loop."""
    session.install("--group=test", "--editable=.")
    session.run("pytest", "--anyio-backends", "-n", "auto", *session.posargs)


@nox.session(python="3.13")
def coverage(session: nox.Session) -> None:
    """Run the tests, and fail if they reach too few statements and branches."""
    session.install("--group=test", "--editable=.")
    session.run("coverage", "erase")
    session.run(
        "coverage", "run", "-m", "pytest", "--anyio-backends", "-n", "auto", *session.posargs
    )
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions that the package allows itself."""
    session.install("--group=test", "--editable=.")
    extras = "cli,distributed,http,plot,testing,trio,wall"
    lowest = ["--upgrade", "--resolution=lowest-direct", f"--editable=.[{extras}]"]
    session.install(*lowest)
    session.run("pytest", "--anyio-backends", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[0])
def beside(session: nox.Session) -> None:
    """Run tests with the kit beside other pytest plugins, one at a time and all together."""
    session.install("--group=beside", "--editable=.")
    off = [f"-pno:{name}" for name in ("detangle", "looptime_plugin", "randomly", "rerunfailures")]
    session.run("pytest", "-n", "auto", *off, *session.posargs, "tests/testing/plugin/beside.py")
    if not session.posargs:
        off += ["-pno:frontrun", "-pno:twisted"]
        tables = ["-mslow", "-kcomes_from", "tests/site/test_coming_from.py"]
        session.run("pytest", "-n", "auto", *off, *tables)


@nox.session(python=PYTHONS[0])
def catalogue(session: nox.Session) -> None:
    """Measure a sample of the catalogue, and fail if something is not what its data files say."""
    session.install("--group=catalogue", "--editable=.")
    given = session.posargs or ["compare", "--sample", "3"]
    session.run("python", "-m", "catalogue", *given)
    if not session.posargs:
        session.run("python", "-m", "catalogue.wild", "--compare", "--sample", "2")


@nox.session(python=PYTHONS[0], default=False)
def mutation(session: nox.Session) -> None:
    """Change a sample of places of the kit, one at a time, and list what no test notices."""
    session.install("--group=mutation", "--editable=.")
    session.run("python", "-m", "benchmarks.mutants", *session.posargs)


@nox.session(python=PYTHONS[0])
def typings(session: nox.Session) -> None:
    """Check every stub against what it describes, including the peers with plugins of pytest."""
    session.install("--group=dev", "--group=bench", "--editable=.")
    session.run(
        "stubtest",
        "--mypy-config-file=pyproject.toml",
        "--ignore-missing-stub",
        "--allowlist=typings/allowlist.txt",
        *sorted(stub.parent.name for stub in Path("typings").glob("*/__init__.pyi")),
    )
