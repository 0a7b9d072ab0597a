import inspect

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "time.monotonic" in inspect.getsource(
            item.function
        ):
            item.add_marker("real_time")
