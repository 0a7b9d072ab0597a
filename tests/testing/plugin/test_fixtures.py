"""`pytest --anyio-backends`: async fixtures."""

import pytest

from tests.testing.plugin.shared import run


class TestFixtures:
    """Async fixtures run on the event loop of the test, however wide their scope is."""

    FIXTURES = """
        import pytest
        from awaits.testing.backends import running

        @pytest.fixture(scope="{scope}")
        async def outer({argument}):
            yield running()

        @pytest.fixture(scope="{scope}")
        async def inner(outer):
            return outer, running()
    """

    TESTS = """
        import pytest
        from awaits.testing.backends import running
        pytestmark = pytest.mark.anyio

        async def test_first(inner): assert inner == (running(), running())
        async def test_without(): pass
        async def test_second(inner): assert inner == (running(), running())
    """

    @pytest.mark.parametrize("argument", ["", "anyio_backend"])
    @pytest.mark.parametrize("scope", ["function", "class", "module"])
    def test_a_fixture_ends_before_the_event_loop_changes(
        self, pytester: pytest.Pytester, scope: str, argument: str
    ) -> None:
        pytester.makeconftest(self.FIXTURES.format(scope=scope, argument=argument))
        pytester.makepyfile(self.TESTS)

        run(pytester, "--anyio-backends").assert_outcomes(passed=9)

    def test_a_session_wide_fixture_needs_a_session_wide_anyio_backend_as_ever(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makeconftest(
            self.FIXTURES.format(scope="session", argument="")
            + """
        @pytest.fixture(scope="session", params=["asyncio", "trio"])
        def anyio_backend(request):
            return request.param
            """
        )
        pytester.makepyfile(test_one=self.TESTS, test_two=self.TESTS)

        run(pytester, "--anyio-backends").assert_outcomes(passed=12)
        run(pytester, "--anyio-backends=trio").assert_outcomes(passed=6, deselected=6)

    def test_a_pinned_test_does_not_run_on_the_event_loop_that_a_fixture_keeps_open(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makeconftest(self.FIXTURES.format(scope="module", argument=""))
        pytester.makepyfile(
            """
            import pytest
            from awaits.testing.backends import running
            pytestmark = pytest.mark.anyio

            async def test_first(inner): assert inner == ("asyncio", "asyncio")

            class TestPinnedToTheSame:
                @pytest.fixture
                def anyio_backend(self): return "asyncio"
                async def test_pinned(self): assert running() == "asyncio"

            class TestPinned:
                @pytest.fixture
                def anyio_backend(self): return "trio"
                async def test_pinned(self): assert running() == "trio"

            async def test_second(inner): assert inner == ("asyncio", "asyncio")
            """
        )

        run(pytester, "--anyio-backends=asyncio,trio", "-k", "not [trio]").assert_outcomes(
            passed=4, deselected=2
        )
