import random

import anyio
import pytest
from twenty_tasks import main

pytestmark = pytest.mark.anyio


async def test_three_tasks_wait_at_the_same_time(capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(37627)  # 12, 10 and 11 seconds
    before = anyio.current_time()
    await main(3)
    waited = anyio.current_time() - before
    assert capsys.readouterr().out.count("done") == 3
    assert 12 <= waited < 12 + 10 + 11
