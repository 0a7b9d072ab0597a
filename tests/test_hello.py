import runpy
from unittest import mock

import pytest

from awaits import hello


@pytest.mark.anyio
@mock.patch("awaits.hello.anyio.sleep")
async def test_hello_waits_one_second_between_its_lines(
    sleep: mock.AsyncMock, capsys: pytest.CaptureFixture[str]
) -> None:
    def one_second(_: float) -> None:
        print("(one second)")

    sleep.side_effect = one_second

    await hello.main()

    sleep.assert_awaited_once_with(1)
    assert capsys.readouterr().out == "Hello...\n(one second)\n... World!\n"


@mock.patch("anyio.sleep", mock.AsyncMock())
def test_hello_runs_as_a_module(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(hello.__file__), run_name="__main__")

    assert capsys.readouterr().out == "Hello...\n... World!\n"
