import pytest
from hello import main


@pytest.mark.anyio
async def test_it_says_hello_then_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    await main()
    assert capsys.readouterr().out == "Hello...\n... World!\n"
