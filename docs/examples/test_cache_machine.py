from typing import ClassVar

import anyio
from cache import Cache
from hypothesis import Phase, settings
from hypothesis import strategies as st

from awaits.testing.stateful import AsyncStateMachine, rule

keys = st.sampled_from("ab")


class CacheMachine(AsyncStateMachine):
    kind: ClassVar[type[Cache]] = Cache

    def __init__(self) -> None:
        super().__init__()
        self.stored = {"a": 0, "b": 0}  # the model: what is true now
        self.cache = self.kind(self.load)

    async def load(self, key: str) -> int:
        value = self.stored[key]
        await anyio.sleep(1)
        return value

    @rule(key=keys)
    async def get(self, key: str) -> None:
        oldest = self.stored[key]
        assert await self.cache.get(key) >= oldest

    @rule(key=keys)
    async def store(self, key: str) -> None:
        self.stored[key] += 1
        self.cache.invalidate(key)
        await anyio.sleep(1)  # until it is on the disk


class CacheMachineOnTrio(CacheMachine):
    backend = "trio"


TestCache = CacheMachine.TestCase
TestCacheOnTrio = CacheMachineOnTrio.TestCase

# Few calls are enough, and Hypothesis leaves out a rule in most examples: many short ones.
# To explain which values of a failure matter takes longer than to find it.
TestCache.settings = settings(
    TestCache.settings,
    max_examples=500,
    stateful_step_count=8,
    phases=set(Phase) - {Phase.explain},
)
TestCacheOnTrio.settings = TestCache.settings
