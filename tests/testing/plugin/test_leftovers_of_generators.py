"""`pytest --no-leftovers` and async generators."""

import pytest

from tests.testing.plugin.left import ON_ASYNCIO, body, run, told

OUTER = "async def outer():\n    async for number in numbers(): yield number\n"


def test_a_task_that_is_the_next_step_of_a_generator_is_told_beside_it(
    pytester: pytest.Pytester,
) -> None:
    test = body("""
        async def waits():
            await anyio.sleep_forever()
            yield

        kept.append(asyncio.ensure_future(anext(waits())))
        await anyio.sleep(0)
    """, ON_ASYNCIO)  # fmt: skip
    result = run(pytester, test)

    assert {line.partition(",")[0] for line in told(result)} == {
        "task waits",
        "async generator test_it.<locals>.waits",
    }


def test_of_generators_that_hold_one_another_the_outermost_is_told(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, body(f"{OUTER}generator = outer()\nawait anext(generator)"))

    assert {line.partition(",")[0] for line in told(result)} == {
        "async generator test_it.<locals>.outer"
    }


def test_one_that_only_a_dropped_one_holds_is_left_to_the_event_loop(
    pytester: pytest.Pytester,
) -> None:
    result = run(pytester, body(f"{OUTER}await anext(outer())"))

    result.assert_outcomes(passed=2)


def test_one_that_something_else_holds_as_well_is_told(pytester: pytest.Pytester) -> None:
    text = """
        async def outer():
            kept.append(numbers())
            async for number in kept[-1]: yield number

        await anext(outer())
    """
    result = run(pytester, body(text))

    result.assert_outcomes(failed=2)
    assert {line.partition(",")[0] for line in told(result)} == {"async generator numbers"}
