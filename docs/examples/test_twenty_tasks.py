import anyio
import pytest
from twenty_tasks import main

pytestmark = pytest.mark.anyio


async def test_all_tasks_start_before_any_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with anyio.move_on_after(0.1):
        await main(20)
    lines = capsys.readouterr().out.splitlines()
    assert sorted(int(line.split("\t")[0]) for line in lines) == list(range(1, 21))
