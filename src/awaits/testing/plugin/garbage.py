"""What runs of a test leave in reference cycles: collected before another test runs.

Python warns of what is not closed when it is collected. Where warnings are errors, as in many
suites, pytest fails the test that runs at that moment.
"""

import contextlib
import gc
import sys
import warnings
from collections.abc import Generator
from gc import disable, enable, isenabled  # a test may replace them

_FROZEN_FROM_THE_START = gc.get_freeze_count()  # Python 3.12 has some that are


def collect() -> None:
    """Collect garbage now, without a word."""
    with in_silence(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@contextlib.contextmanager
def in_silence() -> Generator[None]:
    """Say nothing of what `__del__` raises, as transports do whose event loop is closed."""
    before, sys.unraisablehook = sys.unraisablehook, _say_nothing
    try:
        yield
    finally:
        sys.unraisablehook = before


def _say_nothing(_error: object) -> None:
    pass


@contextlib.contextmanager
def frozen() -> Generator[None]:
    """Let collections in the block look at nothing that is older, which would take longer."""
    if gc.get_freeze_count() > _FROZEN_FROM_THE_START:  # another has done so
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def uncollected() -> Generator[None]:
    """In the block, no garbage is collected by itself."""
    was_enabled = isenabled()
    disable()
    try:
        yield
    finally:
        if was_enabled:
            enable()


@contextlib.contextmanager
def collected_by_hand() -> Generator[None]:
    """In the block, garbage is collected only by `collect`, and once more at its end."""
    with uncollected():
        try:
            forget()
            with frozen():
                yield
        finally:
            forget()


def forget() -> None:
    """Collect garbage now, with what the last failure holds."""
    # pytest keeps it here until the next test runs, and with it all frames.
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    collect()
