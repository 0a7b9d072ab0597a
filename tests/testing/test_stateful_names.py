"""Which names the rules and attributes of a state machine may have."""

import anyio
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from awaits.testing.stateful import AsyncStateMachine, rule


class Client(AsyncStateMachine):
    """A machine with names that come to mind."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks = self._errors = self._running = self._pending = self._schedule = 0
        self._failed = self._has_ended = self._is_in_call = True
        self._runner = self._life = self._clock = "mine"

    @rule()
    async def call(self) -> None:
        await anyio.sleep(1)

    @rule()
    async def end(self) -> None:
        await self.call()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_rules_and_attributes_may_have_any_names(backend: str) -> None:
    machine = type(Client.__name__, (Client,), {"backend": backend})
    run_state_machine_as_test(machine, settings=settings(max_examples=20, database=None))
