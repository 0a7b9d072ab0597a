from collections.abc import Mapping

from awaits.testing import virtual_time


def pytest_asyncio_loop_factories() -> Mapping[str, object]:
    return {"virtual": virtual_time("asyncio")["loop_factory"]}
