"""`pytest --anyio-backends`: the proof that a test ran where its label says."""

import pytest

from tests.testing.plugin.shared import BLIND_TEST, TESTS_ON_ANYIO, names, run


class TestProof:
    """A label is no proof: a test that ran elsewhere fails, with who took it and the remedy."""

    def test_pytest_asyncio_in_auto_mode_is_caught(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(TESTS_ON_ANYIO.replace("assert", "# assert").replace("#", "pass #"))
        without_proof = run(pytester, "--asyncio-mode=auto")
        assert "test_plain[trio]" in names(without_proof)  # although it ran on asyncio

        result = run(pytester, "--asyncio-mode=auto", "--anyio-backends=trio")

        result.assert_outcomes(failed=3)
        result.stdout.re_match_lines(
            r".*test_plain\[trio\]: labelled trio, but run on asyncio by pytest-asyncio \d[\d.]+: "
            r"set its asyncio_mode to strict, or run pytest with -p no:asyncio\."
        )

    def test_a_fixture_that_keeps_the_first_event_loop_open_is_caught(
        self, pytester: pytest.Pytester
    ) -> None:
        # Async fixtures do this too, but the plugin ends those in time: see TestFixtures.
        pytester.makeconftest(
            """
            import pytest
            from anyio.pytest_plugin import get_runner

            @pytest.fixture(scope="session", autouse=True)
            def held():
                with get_runner("asyncio", {}):
                    yield
            """
        )
        pytester.makepyfile(BLIND_TEST)

        result = run(pytester, "--anyio-backends=trio")

        result.assert_outcomes(failed=1)
        result.stdout.re_match_lines(
            r".*labelled trio, but run on asyncio by anyio \d[\d.]+: an async fixture keeps that "
            r"event loop open; let it take anyio_backend\."
        )

    def test_the_test_that_was_taken_elsewhere_is_not_run_there(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(BLIND_TEST.replace("pass", "print('the body ran')"))

        result = run(pytester, "--asyncio-mode=auto", "--anyio-backends=trio", "-s")

        result.assert_outcomes(failed=1)
        result.stdout.no_fnmatch_line("*the body ran*")

    def test_an_event_loop_policy_is_caught(self, pytester: pytest.Pytester) -> None:
        pytester.makeconftest(
            "import asyncio, uvloop\nasyncio.set_event_loop_policy(uvloop.EventLoopPolicy())"
        )
        pytester.makepyfile(BLIND_TEST)

        result = pytester.runpytest_subprocess("--anyio-backends=asyncio", "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            "*labelled asyncio, but run on asyncio+uvloop by an event loop policy: "
            "remove uvloop.install(), or choose that event loop."
        )

    def test_a_thief_in_the_project_itself_is_caught(self, pytester: pytest.Pytester) -> None:
        pytester.makeconftest(
            """
            import asyncio, pytest

            @pytest.hookimpl(tryfirst=True)
            def pytest_pyfunc_call(pyfuncitem):
                asyncio.run(pyfuncitem.obj())
                return True
            """
        )
        pytester.makepyfile(BLIND_TEST)

        result = run(pytester, "--anyio-backends=trio", "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            "*labelled trio, but run on asyncio by this project's own code: let anyio run the test."
        )

    def test_a_plugin_without_a_known_remedy_is_named(self, pytester: pytest.Pytester) -> None:
        thief = pytester.mkpydir("thief")
        thief.joinpath("plugin.py").write_text(
            "import asyncio, pytest\n"
            "@pytest.hookimpl(wrapper=True)\n"
            "def pytest_pyfunc_call(pyfuncitem):\n"
            "    body = pyfuncitem.obj\n"
            "    pyfuncitem.obj = lambda: asyncio.run(body())\n"
            "    return (yield)\n"
        )
        info = pytester.mkdir("thief-1.0.dist-info")
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: thief\nVersion: 1.0\n")
        info.joinpath("entry_points.txt").write_text("[pytest11]\nthief = thief.plugin\n")
        pytester.syspathinsert()
        pytester.makepyfile(BLIND_TEST)

        result = run(pytester, "--anyio-backends=trio", "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            "*run on asyncio by thief 1.0: keep it away from tests that are marked anyio."
        )

    def test_a_test_that_nobody_was_seen_to_run_fails(self, pytester: pytest.Pytester) -> None:
        pytester.makeconftest(
            """
            import pytest

            @pytest.hookimpl(tryfirst=True)
            def pytest_pyfunc_call(pyfuncitem):
                return True
            """
        )
        pytester.makepyfile(BLIND_TEST)

        result = run(pytester, "--anyio-backends=trio", "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines("*test_blind*: nothing shows that it ran on trio.")

    def test_a_test_that_fails_by_itself_shows_its_own_error(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(BLIND_TEST.replace("pass", "assert 1 == 2"))

        result = run(pytester, "--anyio-backends=trio", "-p", "no:asyncio")

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*async def test_blind*", "*assert 1 == 2"])
        result.stdout.no_fnmatch_line("*stand_in*")

    def test_it_holds_for_the_workers_of_xdist(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(TESTS_ON_ANYIO.replace("assert", "# assert").replace("#", "pass #"))

        result = run(pytester, "--anyio-backends=asyncio,trio", "-n1", "--asyncio-mode=auto")

        result.assert_outcomes(passed=3, failed=3)  # all ran on asyncio
