"""What takes the place of a test's body leaves when the test is over."""

import pytest

TESTS = """
    import pytest
    from hypothesis import given, strategies as st

    @pytest.mark.anyio
    @given(st.integers())
    async def test_on_anyio(n):
        pass

    @pytest.mark.asyncio
    @given(st.integers())
    async def test_on_pytest_asyncio(n):
        pass

    def inner_tests():
        return [test.hypothesis.inner_test for test in (test_on_anyio, test_on_pytest_asyncio)]

    before = inner_tests()

    def test_functions_of_hypothesis():
        assert inner_tests() == before
"""


@pytest.mark.parametrize("option", ["--prove", "--virtual-time", "--explore=3"])
def test_hypothesis_keeps_the_function_that_it_had(pytester: pytest.Pytester, option: str) -> None:
    pytester.makepyfile(TESTS)
    pytester.runpytest("-p", "no:cacheprovider", option).assert_outcomes(passed=4)
