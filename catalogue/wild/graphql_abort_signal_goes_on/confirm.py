import asyncio

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, GraphQLString, parse
from graphql.execution import execute
from graphql.pyutils import AbortController

ended: list[str] = []


async def resolve(_source: object, _info: object) -> str:
    await asyncio.sleep(1)
    ended.append("late")
    return "late"


async def main() -> None:
    query = GraphQLObjectType("Query", {"late": GraphQLField(GraphQLString, resolve=resolve)})
    signal = AbortController().signal
    try:
        async with asyncio.timeout(0.1):
            await execute(GraphQLSchema(query), parse("{ late }"), abort_signal=signal)
    except TimeoutError:
        print("the execution was cancelled")
    await asyncio.sleep(2)
    print("resolvers that went on to their end:", ended)
    raise SystemExit(bool(ended))


asyncio.run(main())
