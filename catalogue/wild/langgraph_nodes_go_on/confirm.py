import asyncio
from typing import TypedDict

import anyio
from langgraph.graph import START, StateGraph


class State(TypedDict):
    value: int


async def node(_state: State) -> None:
    await asyncio.sleep(3600)


def nodes_that_run() -> int:
    names = (task.get_coro().__qualname__ for task in asyncio.all_tasks())
    return sum(name == "arun_with_retry" for name in names)


async def main() -> None:
    building = StateGraph(State)
    for name in ("one", "two"):
        building.add_node(name, node)
        building.add_edge(START, name)
    graph = building.compile()

    with anyio.move_on_after(0.2):
        await graph.ainvoke({"value": 1})
    await asyncio.sleep(0.2)
    by_scope = nodes_that_run()
    print("nodes that run after a cancel scope:", by_scope)

    try:
        async with asyncio.timeout(0.2):
            await graph.ainvoke({"value": 1})
    except TimeoutError:
        await asyncio.sleep(0.2)
    print("nodes that run after Task.cancel():", nodes_that_run() - by_scope)
    raise SystemExit(bool(by_scope))


asyncio.run(main())
