"""What the tests of every command share."""

import sys
from collections.abc import Callable
from typing import TypeAlias

AWAITS = [sys.executable, "-m", "awaits"]

Awaits: TypeAlias = Callable[..., tuple[int, str, str]]
"""The fixture `awaits`: given arguments, the exit code, stdout and stderr."""
