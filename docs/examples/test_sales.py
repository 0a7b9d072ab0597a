import socket

import pytest
from sales import sell


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_a_sale_is_announced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as shop:
        await sell(shop.getsockname()[1])
