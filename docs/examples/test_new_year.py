from datetime import UTC, datetime, timedelta

import anyio
import pytest


async def wait_for_midnight() -> None:
    now = datetime.now(tz=UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    await anyio.sleep((midnight - now).total_seconds())


@pytest.mark.anyio
@pytest.mark.virtual_time(wall=datetime(2029, 12, 31, 18, tzinfo=UTC))
async def test_it_waits_until_the_new_year() -> None:
    await wait_for_midnight()
    assert anyio.current_time() == 6 * 60 * 60
    assert datetime.now(tz=UTC).year == 2030
