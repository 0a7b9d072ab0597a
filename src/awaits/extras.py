"""Libraries that only some commands need."""

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Generator[None]:
    """Say what to install when an import in the block finds nothing.

    Args:
        name: The extra of this package that brings what the block imports.

    Raises:
        ValueError: A library is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ValueError(
            f"{error.name} is not installed; install it with: pip install 'awaits[{name}]'"
        ) from None
