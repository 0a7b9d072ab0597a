"""`pytest --anyio-backends`: what a project pins itself."""

import pytest

from tests.testing.plugin.shared import BLIND_TEST, names, run


class TestPins:
    """What a project says itself about the event loop of a test stays as it says."""

    def test_a_parametrized_backend_is_kept_and_left_out_when_it_was_not_chosen(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import pytest
            pytestmark = pytest.mark.anyio

            @pytest.mark.parametrize("anyio_backend", ["trio"])
            async def test_trio(): pass

            @pytest.mark.parametrize(
                "anyio_backend", [pytest.param(("asyncio", {"use_uvloop": True}), id="fast")]
            )
            async def test_uvloop(): pass
            """
        )

        assert names(run(pytester, "--anyio-backends")) == ["test_trio[trio]", "test_uvloop[fast]"]
        result = run(pytester, "--anyio-backends=asyncio,trio")
        result.assert_outcomes(passed=1, deselected=1)
        assert names(result) == ["test_trio[trio]"]

    @pytest.mark.parametrize(
        "fixture",
        [
            "@pytest.fixture\ndef anyio_backend(): return 'trio'",
            "@pytest.fixture(scope='session')\ndef anyio_backend(): return ('trio', {})",
            "@pytest.fixture(params=['trio'])\ndef anyio_backend(request): return request.param",
        ],
    )
    def test_a_fixture_of_the_project_is_kept_and_left_out_when_it_was_not_chosen(
        self, pytester: pytest.Pytester, fixture: str
    ) -> None:
        pytester.makeconftest(f"import pytest\n{fixture}")
        pytester.makepyfile(BLIND_TEST)

        run(pytester, "--anyio-backends").assert_outcomes(passed=1)
        run(pytester, "--anyio-backends=asyncio").assert_outcomes(deselected=1)

    def test_a_fixture_of_a_class_pins_the_tests_of_that_class_alone(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import pytest
            pytestmark = pytest.mark.anyio

            class TestPinned:
                @pytest.fixture
                def anyio_backend(self): return "trio"
                async def test_pinned(self): pass

            async def test_free(): pass
            """
        )

        result = run(pytester, "--anyio-backends=asyncio")

        result.assert_outcomes(passed=1, deselected=1)
        assert names(result) == ["test_free[asyncio]"]

    @pytest.mark.parametrize(
        "fixture",
        [
            "def anyio_backend(request): return 'trio'",
            "def anyio_backend():\n    if running: return 'trio'\n    raise RuntimeError",
        ],
    )
    def test_a_fixture_that_must_run_to_tell_is_skipped_when_it_was_not_chosen(
        self, pytester: pytest.Pytester, fixture: str
    ) -> None:
        pytester.makeconftest(
            "import pytest\nrunning = False\n"
            "def pytest_runtest_setup():\n    global running; running = True\n"
            f"@pytest.fixture\n{fixture}"
        )
        pytester.makepyfile(BLIND_TEST)

        result = run(pytester, "--anyio-backends=asyncio", "-rs")

        result.assert_outcomes(skipped=1)
        result.stdout.fnmatch_lines("*pinned to trio; --anyio-backends chose asyncio*")

    def test_a_backend_that_the_kit_does_not_know_is_left_to_anyio(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(
            """
            import pytest

            @pytest.mark.parametrize("anyio_backend", ["curio"])
            def test_sync(anyio_backend): pass
            """
        )

        run(pytester, "--anyio-backends").assert_outcomes(passed=1)

    def test_tests_marked_after_they_were_collected_are_chosen_too(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makeconftest(
            """
            import pytest
            def pytest_collection_modifyitems(items):
                for item in items: item.add_marker(pytest.mark.anyio)
            """
        )
        pytester.makepyfile("async def test_late(): pass")

        assert names(run(pytester, "--anyio-backends=trio")) == ["test_late[trio]"]

        result = run(pytester, "--anyio-backends")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            "ERROR: *mark them in their module, or choose asyncio and trio*"
        )

    def test_tests_that_are_no_functions_are_left_alone(self, pytester: pytest.Pytester) -> None:
        pytester.maketxtfile(test_doc=">>> 1 + 1\n2")

        run(pytester, "--anyio-backends").assert_outcomes(passed=1)
