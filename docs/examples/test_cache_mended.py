from typing import ClassVar

from cache import Cache
from cache_mended import MendedCache
from test_cache_machine import CacheMachine


class MendedCacheMachine(CacheMachine):
    kind: ClassVar[type[Cache]] = MendedCache


class MendedCacheMachineOnTrio(MendedCacheMachine):
    backend = "trio"


TestMended = MendedCacheMachine.TestCase
TestMendedOnTrio = MendedCacheMachineOnTrio.TestCase
TestMended.settings = TestMendedOnTrio.settings = CacheMachine.TestCase.settings
