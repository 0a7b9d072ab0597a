"""The wall clock beside the virtual one."""

import sys
import time
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread
import pytest

from awaits.testing import virtual_time

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class TestWallClock:
    START = datetime(2030, 1, 1, tzinfo=UTC)

    @pytest.mark.virtual_time(wall=START)
    async def test_it_moves_with_virtual_time(self) -> None:
        assert datetime.now(tz=UTC) == self.START
        await anyio.sleep(3600.5)
        assert datetime.now(tz=UTC) == self.START + timedelta(seconds=3600.5)
        assert time.time() == self.START.timestamp() + 3600.5

    @pytest.mark.virtual_time(wall=datetime(2030, 1, 1))  # noqa: DTZ001 as a user may type it
    async def test_an_instant_without_a_timezone_is_utc(self) -> None:
        assert datetime.now(tz=UTC) == self.START

    @pytest.mark.real_time
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_is_utc_wherever_the_machine_stands(
        self, monkeypatch: pytest.MonkeyPatch, backend: str
    ) -> None:
        async def now() -> datetime:
            return datetime.now(tz=UTC)

        wall = self.START.replace(tzinfo=None)
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "Asia/Tokyo")
            time.tzset()
            shown = anyio.run(
                now, backend=backend, backend_options=virtual_time(backend, wall=wall)
            )
        time.tzset()
        assert shown == self.START

    @pytest.mark.virtual_time(wall=True)
    async def test_it_begins_now(self) -> None:
        before = time.time()
        assert before > self.START.timestamp() - 10 * 366 * 24 * 3600
        await anyio.sleep(7)
        assert time.time() - before == 7

    async def test_it_stands_alone_unless_asked_to_move(self) -> None:
        before = time.time()
        await anyio.sleep(3600)
        assert time.time() - before < 3600

    @pytest.mark.real_time
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_is_given_back_when_the_run_ends(self, backend: str) -> None:
        anyio.run(
            anyio.sleep,
            3600,
            backend=backend,
            backend_options=virtual_time(backend, wall=self.START),
        )
        assert datetime.now(tz=UTC) < self.START

    @pytest.mark.real_time
    def test_after_one_in_it_has_ended_the_time_of_the_outer_one_is_shown(self) -> None:
        async def inner() -> None:
            pass

        async def main() -> datetime:
            later = virtual_time("asyncio", wall=self.START + timedelta(days=1))
            await anyio.to_thread.run_sync(lambda: anyio.run(inner, backend_options=later))
            return datetime.now(tz=UTC)

        options = virtual_time("asyncio", wall=self.START)
        assert anyio.run(main, backend_options=options) == self.START

    @pytest.mark.real_time
    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_it_needs_time_machine(self, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
        monkeypatch.setitem(sys.modules, "time_machine", None)
        with pytest.raises(ValueError, match="install it with: pip install time-machine"):
            options = virtual_time(backend, wall=True)
            anyio.run(anyio.sleep, 1, backend=backend, backend_options=options)
