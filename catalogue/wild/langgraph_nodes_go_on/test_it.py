from typing import TypedDict

import anyio
import pytest
from langgraph.graph import START, StateGraph

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class State(TypedDict):
    value: int


@pytest.mark.explore(1000)
async def test_a_graph_that_is_cancelled_ends_its_nodes() -> None:
    running = 0

    async def node(_state: State) -> None:
        nonlocal running
        running += 1
        try:
            await anyio.sleep(100)
        finally:
            running -= 1

    building = StateGraph(State)
    for name in ("one", "two"):
        building.add_node(name, node)
        building.add_edge(START, name)
    graph = building.compile()

    with anyio.move_on_after(1) as call:
        await graph.ainvoke({"value": 1})
    assert call.cancelled_caught
    await anyio.sleep(1)
    assert not running, f"{running} nodes go on after their graph was cancelled"
