from typing import Literal

import anyio
import pytest
from deadlock import dine

from awaits.testing import DeadlockError, virtual_time


@pytest.mark.anyio
@pytest.mark.virtual_time
@pytest.mark.xfail(raises=DeadlockError, strict=True)
async def test_they_starve() -> None:
    await dine()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_they_wait_for_one_another(backend: Literal["asyncio", "trio"]) -> None:
    with pytest.raises(DeadlockError, match="they wait for one another in a ring"):
        anyio.run(dine, backend=backend, backend_options=virtual_time(backend))
