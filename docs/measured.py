"""A hook of mkdocs: runs the commands that draw, and shows what they printed and drew here.

The pages show them for readers of the repository, without the figures that no two runs share. On
the site, what was measured while it was built stands in their place, with its picture. With
AWAITS_SITE=quick in the environment, only two tasks are measured, in few ways.
"""

import functools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

BLOCK = re.compile(
    r"^```console\n\$ awaits ([^\n]* --plot (\S+))\n.*?^```$", re.MULTILINE | re.DOTALL
)


@functools.cache  # `mkdocs serve` builds the site again at every change
def _run(arguments: str, picture: str) -> tuple[str, bytes]:
    """Return what a command prints, and what it draws."""
    quick = arguments.startswith("compare") and os.environ.get("AWAITS_SITE") == "quick"
    command = [sys.executable, "-m", "awaits", *arguments.split()]
    command += ["-n", "2", "--strategies", "threads"] if quick else []
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout
        return printed, Path(folder, picture).read_bytes()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures to the files of the site."""
    for page in files.documentation_pages():
        for arguments, picture in BLOCK.findall(page.content_string):
            _, drawn = _run(arguments, picture)
            files.append(File.generated(config, picture, content=drawn))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 mkdocs gives them by name
    """Put what was printed in the place of what the page shows."""

    def measured(block: re.Match[str]) -> str:
        printed, _ = _run(block[1], block[2])
        return f"```console\n$ awaits {block[1]}\n{printed}```"

    return BLOCK.sub(measured, markdown)
