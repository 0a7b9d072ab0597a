"""What pytest needs in every folder: pytester, and the blocks of the README as tests."""

import os
import signal
from pathlib import Path

import hypothesis
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

pytest_plugins = ["pytester"]

# A terminal or a CI sets these, and that would change the output that tests compare.
for name in ("CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "NO_COLOR", "PY_COLORS", "TERM"):
    os.environ.pop(name, None)

# Hundreds of tests start Python, which would have to compile each library again and again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts tests in the background makes them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test may depend on the speed of the machine, so Hypothesis has no deadline here. In a process
# that a test starts, Hypothesis behaves as in a CI: it has no deadline either, and draws the same
# each time.
os.environ["GITLAB_CI"] = "true"
hypothesis.settings.register_profile(
    "any machine",
    hypothesis.settings.get_profile("default"),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")

# Enough on a second Python: the first has drawn a hundred.
hypothesis.settings.register_profile("few", hypothesis.settings(), max_examples=20)

ROOT = Path(__file__).parent

# They fail on purpose, or take as long as they wait: tests/site types the commands of their pages.
collect_ignore = ["docs/examples/measured"] + [
    f"docs/examples/test_{name}.py"
    for name in (
        "blocked", "booking", "by_waiting", "cache_machine", "cache_mended", "cancelled_tally",
        "clean_up", "give_back", "hang", "left", "pass_on", "patience", "prices", "sales",
        "unchanged", "write_down",
    )
]  # fmt: skip


def _python(example: Example) -> None:
    """Check that a file that CI runs and checks has this Python of the README, word for word."""
    shown: str = example.parsed
    files = [file for room in ("src", "docs") for file in (ROOT / room).rglob("*.py")]
    assert any(shown in file.read_text() for file in files), "this stands in no file that CI runs"


# The blocks of the site are tested as they are built, in tests/site.
pytest_collect_file = Sybil(
    parsers=[CodeBlockParser("python", _python)], patterns=["README.md"]
).pytest()
