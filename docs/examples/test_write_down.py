import anyio
import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Jobs:
    def __init__(self) -> None:
        self.waiting, self.done = ["a", "b"], list[str]()

    async def do_wrong(self) -> None:
        job = self.waiting.pop()
        await anyio.sleep(1)
        self.done.append(job)

    async def do_right(self) -> None:
        job = self.waiting[-1]
        await anyio.sleep(1)
        self.waiting.remove(job)
        self.done.append(job)


@pytest.mark.explore(cancel=True)
@pytest.mark.parametrize("way", ["wrong", "right"])
async def test_no_job_is_lost(way: str) -> None:
    jobs = Jobs()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(jobs.do_right if way == "right" else jobs.do_wrong)
    assert sorted(jobs.waiting + jobs.done) == ["a", "b"]
