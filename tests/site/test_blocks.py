"""Every block of code on the built site is a file that CI checks, and runs as copied."""

import ast
import doctest
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.site.conftest import ROOT
from tests.site.pages import Block, Page

EXAMPLES = ROOT / "docs" / "examples"
SOURCES = sorted(
    path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
    for path in (ROOT / "docs").rglob("*.md")
)
with_console = [
    name
    for name in SOURCES
    if "```console" in (ROOT / "docs" / name).with_suffix(".md").read_text()
]
with_slow = [
    name
    for name in with_console
    if re.search(
        r"^<!-- .*slow.* -->$|^\$ pytest -q --anyio-backends=asyncio,trio test_\w+\.py$",
        (ROOT / "docs" / name).with_suffix(".md").read_text(),
        re.MULTILINE,
    )
]
EXCERPT = " (excerpt)"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE  # markdown turns tabs into blanks
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "NO_PROXY": "127.0.0.1",
    # pytest-asyncio and pytest-trio are there for a few pages; a reader may have neither.
    "PYTEST_ADDOPTS": "-p no:trio -o asyncio_default_fixture_loop_scope=function",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def linked_by(page: Page) -> dict[str, str]:
    """Return what stands in the examples that a page links to, by their names."""
    linked = [
        page.path.parent / address
        for address, _ in page.linked
        if "examples/" in address and "//" not in address
    ]
    return {file.name: file.read_text() for file in linked}


def is_whole(block: Block) -> bool:
    return bool(block.title) and not block.title.endswith(EXCERPT)


def files_of(page: Page) -> dict[str, str]:
    """Return what stands in the files that a page shows or links to, by their names."""
    return linked_by(page) | {it.title: it.text for it in page.blocks if is_whole(it)}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(name).write_text(text)


def commands(block: Block) -> list[tuple[str, str]]:
    """Return each command of a console block, and what it prints."""
    blocks = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    return [(command, wanted) for command, _, wanted in (it.partition("\n") for it in blocks)]


def run(command: str, folder: Path) -> str:
    return subprocess.run(  # noqa: S602 the pages show what a shell is given
        command,
        shell=True,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def alike(wanted: str, printed: str, *, measured: bool) -> bool:
    """Compare, with `...` for what differs; in what was measured, compare the names of rows."""
    if not measured:
        return doctest.OutputChecker().check_output(wanted, printed, FLAGS)
    table = re.compile(r"^([\w+]+)(?: +[\d.,]+)+$", re.MULTILINE)
    rows = [table.findall(text) for text in (wanted, printed)]
    return rows[0] == rows[1] != []


def green(command: str, wanted: str) -> tuple[str, int] | None:
    """Return the file and how many tests it has, if a command shows no more than that they pass."""
    typed = re.fullmatch(r"pytest -q --anyio-backends=asyncio,trio (test_\w+\.py)", command)
    shown = re.fullmatch(r"\.+ +\[100%\]\n(?:explored: .*\n)?(\d+) passed in \.\.\.\n", wanted)
    return (typed[1], int(shown[1])) if typed and shown else None


def play(page: Page, folder: Path, chosen: Callable[[Block, str, str], bool]) -> int:
    """Do what a reader does: save each file, and type each command.

    Args:
        page: The page.
        folder: Where; it is empty.
        chosen: Which commands to type, by their block, themselves and what they print.

    Returns:
        How many commands were typed.
    """
    write(folder, linked_by(page))
    n_typed = 0
    for block in page.blocks:
        write(folder, {block.title: block.text} if is_whole(block) else {})
        for command, wanted in commands(block) if block.language == "console" else []:
            if not chosen(block, command, wanted):
                continue
            printed = run(command, folder)
            n_typed += 1
            assert alike(wanted, printed, measured="measured" in block.remark), (
                f"$ {command}\nshown:\n{wanted}\nprinted:\n{printed}"
            )
    return n_typed


@pytest.mark.parametrize("name", with_console)
def test_each_command_prints_what_the_page_shows(
    pages: dict[str, Page], name: str, tmp_path: Path
) -> None:
    def is_quick(block: Block, command: str, wanted: str) -> bool:
        return "slow" not in block.remark and not green(command, wanted)

    play(pages[name], tmp_path, is_quick)


@pytest.mark.slow
@pytest.mark.parametrize("name", with_slow)
def test_each_slow_command_prints_what_the_page_shows(
    pages: dict[str, Page], name: str, tmp_path: Path
) -> None:
    def is_slow(block: Block, command: str, wanted: str) -> bool:
        return "slow" in block.remark or green(command, wanted) is not None

    assert play(pages[name], tmp_path, is_slow)


def test_each_command_that_shows_green_tests_is_right_about_their_number(
    pages: dict[str, Page], tmp_path: Path
) -> None:
    counts: dict[str, int] = {}
    for name, page in pages.items():
        console = [block for block in page.blocks if block.language == "console"]
        typed = [green(*command) for block in console for command in commands(block)]
        counts |= dict(filter(None, typed))
        # One name is one file on all of the site, so that one run of pytest has them all.
        write(tmp_path, files_of(page) if name != "api.html" else {})
    tmp_path.joinpath("pytest.ini").write_text("[pytest]\n")
    printed = run(f"pytest -v --anyio-backends=asyncio,trio {' '.join(counts)}", tmp_path)
    passed = Counter(re.findall(r"^(\w+\.py)::.* PASSED", printed, re.MULTILINE))
    assert passed == counts, printed


def test_each_block_of_python_is_a_file_of_its_name_that_ci_checks(
    pages: dict[str, Page],
) -> None:
    for name, page in pages.items():
        for block in page.blocks:
            # There, they are signatures; of the catalogue, what stands in its folders.
            if block.language != "python" or name == "api.html" or name.startswith("catalogue/"):
                continue
            assert block.title, f"{name}: this block has no name of a file:\n{block.text}"
            title = block.title.removesuffix(EXCERPT)
            files = [room / title for room in (EXAMPLES, ROOT) if (room / title).is_file()]
            texts = [re.sub(r" *# --8<--.*\n", "", file.read_text()) for file in files]
            shown = block.text.strip()
            if is_whole(block):
                assert shown in [text.strip() for text in texts], f"{name}: {title}"
            else:
                assert any(shown in text for text in texts), f"{name}: {title}"
                assert any(Path(title).name in text for _, text in page.linked), f"{name}: {title}"


def imports(text: str) -> set[str]:
    """Return the modules that a file of Python imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_each_page_names_the_files_that_its_code_imports(pages: dict[str, Page]) -> None:
    ours = {file.stem for file in EXAMPLES.glob("*.py")}
    for name, page in pages.items():
        files = files_of(page)
        for file, text in files.items():
            missing = imports(text) & ours if file.endswith(".py") else set[str]()
            missing -= {Path(it).stem for it in files}
            assert not missing, f"{name} shows {file}, but neither shows nor links {missing}"


def test_each_file_of_python_that_no_command_runs_passes(
    pages: dict[str, Page], tmp_path: Path
) -> None:
    alone: set[str] = set()
    for name, page in pages.items():
        shown = {it.title for it in page.blocks if it.language == "python" and is_whole(it)}
        typed = " ".join(it.text for it in page.blocks if it.language == "console")
        alone |= {file for file in shown if file not in typed}
        # One name is one file on all of the site, so that all can stand in one folder.
        write(tmp_path, files_of(page) if name != "api.html" else {})
    ini = tmp_path / "pytest.ini"
    ini.write_text("[pytest]\nmarkers = slow: of the repository's own tests\n")
    tests = sorted(file for file in alone if Path(file).name.startswith("test_"))
    rest = sorted(alone.difference(tests))
    assert tests
    printed = run(
        f"pytest -q -m 'not slow' --anyio-backends=asyncio,trio {' '.join(tests)}", tmp_path
    )
    assert re.search(r"\d+ passed", printed), printed
    assert not re.search(r"\d+ (failed|error)", printed), printed
    for file in rest:
        printed = run(f"python {file} && echo it ran", tmp_path)
        assert printed.endswith("it ran\n"), f"{file}:\n{printed}"
