import anyio
import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString, parse
from graphql.execution import execute
from graphql.pyutils import AbortController

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.explore(1000)
async def test_an_execution_that_is_cancelled_ends_its_resolver() -> None:
    is_running = False

    async def resolve(_source: object, _info: object) -> str:
        nonlocal is_running
        is_running = True
        try:
            await anyio.sleep(3600)
        finally:
            is_running = False
        return "late"

    query = GraphQLObjectType("Query", {"late": GraphQLField(GraphQLString, resolve=resolve)})
    signal = AbortController().signal
    with anyio.move_on_after(1):
        result = execute(GraphQLSchema(query), parse("{ late }"), abort_signal=signal)
        assert not isinstance(result, dict)
        await result
    await anyio.sleep(5)
    assert not is_running, "the resolver still runs"
