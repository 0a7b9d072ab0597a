"""The error that ends a run in virtual time, from where it is thrown to where it comes out."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

MOST_THROWN = 100  # errors in a row, without time moving between them


class Thrown:
    """The error that was thrown into the main task of an event loop, if any."""

    __slots__ = "_instant", "_n_at_instant", "error"

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: one clock or event loop may have several runs."""
        self.error: Exception | None = None
        self._instant, self._n_at_instant = 0.0, 0

    def count(self, now: float) -> int:
        """Count an error, and return how many there were in a row since time moved last.

        Args:
            now: The virtual time, in seconds.
        """
        self._n_at_instant = self._n_at_instant + 1 if self._instant == now else 1
        self._instant = now
        return self._n_at_instant

    @contextmanager
    def raised(self) -> Generator[None]:
        """Raise what is thrown in the block by itself, however the block ends."""
        __tracebackhide__ = True
        self.forget()
        try:
            yield
        except asyncio.CancelledError as cancelled:  # so it is thrown on asyncio
            if self.error is not None:
                self.error.with_traceback(cancelled.__traceback__)
            self.raise_instead_of(cancelled)
            raise
        except Exception as failed:
            self.raise_instead_of(failed)
            raise
        else:
            self.raise_instead_of(None)

    def raise_instead_of(self, failed: BaseException | None) -> None:
        """Raise what was thrown, if anything.

        Args:
            failed: What comes out of the main task: the same error, also within the exception
                groups of the task groups that it went through; or another one, or nothing, because
                the program has caught it.
        """
        __tracebackhide__ = True
        error, self.error = self.error, None
        if error is None:
            return
        is_it = isinstance(failed, asyncio.CancelledError) or _is_in(error, failed)
        raise error from None if is_it else failed


def _is_in(error: Exception, failed: BaseException | None) -> bool:
    if isinstance(failed, BaseExceptionGroup):
        return any(_is_in(error, it) for it in failed.exceptions)
    return failed is error
