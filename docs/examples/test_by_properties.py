import contextlib
import io
from unittest import mock

import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st
from twenty_tasks import main

pytestmark = pytest.mark.anyio


async def give_way(_seconds: float) -> None:
    await checkpoint()


@given(n_tasks=st.integers(min_value=0, max_value=50))
async def test_each_task_starts_and_then_is_done(n_tasks: int) -> None:
    printed = io.StringIO()
    with mock.patch("one_task.anyio.sleep", give_way), contextlib.redirect_stdout(printed):
        await main(n_tasks)
    lines = printed.getvalue().splitlines()
    started = [line.split("\t")[0] for line in lines if "\t" in line]
    done = [line.split()[1] for line in lines if "done" in line]
    assert sorted(started, key=int) == sorted(done, key=int)
    assert sorted(done, key=int) == [str(number) for number in range(1, n_tasks + 1)]
