"""`pytest --anyio-backends`, tried as a user does: on small projects that pytester makes."""

import importlib

import pytest

# pytester forgets the modules that an inner run was first to import: import the slow ones here.
for module in ("hypothesis.strategies", "trio", "uvloop"):
    importlib.import_module(module)

TESTS_ON_ANYIO = """
    import pytest
    from hypothesis import given, strategies as st
    from awaits.testing.backends import name_of, running

    pytestmark = pytest.mark.anyio

    async def test_plain(anyio_backend):
        assert running() == name_of(anyio_backend)

    @given(st.integers())
    async def test_hypothesis(anyio_backend, n):
        assert running() == name_of(anyio_backend)

    class TestClass:
        async def test_method(self, anyio_backend_name):
            assert running().startswith(anyio_backend_name)
"""

BLIND_TEST = """
    import pytest

    @pytest.mark.anyio
    async def test_blind():
        pass
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    """A project that has no settings of its own, but for a default that pytest-asyncio asks for."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")


def names(result: pytest.RunResult, outcome: str = "PASSED") -> list[str]:
    """The tests with this outcome, in the order they ran, without their file's name."""
    lines = [line.split() for line in result.outlines if f" {outcome}" in line and "::" in line]
    return [line[0].partition("::")[2] for line in lines]


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest("-v", "-p", "no:cacheprovider", *args)


class TestChoice:
    def test_without_names_every_installed_event_loop_is_chosen(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(TESTS_ON_ANYIO)

        result = run(pytester, "--anyio-backends")

        result.assert_outcomes(passed=9)
        assert names(result) == [
            f"{test}[{backend}]"
            for backend in ("asyncio", "trio", "asyncio+uvloop")
            for test in ("test_plain", "test_hypothesis", "TestClass::test_method")
        ]

    @pytest.mark.parametrize("chosen", ["trio", "asyncio,trio", "asyncio+uvloop"])
    def test_tests_run_on_exactly_the_event_loops_that_were_named(
        self, pytester: pytest.Pytester, chosen: str
    ) -> None:
        pytester.makepyfile(TESTS_ON_ANYIO)

        result = run(pytester, f"--anyio-backends={chosen}")

        backends = chosen.split(",")
        result.assert_outcomes(passed=3 * len(backends))
        assert {name.partition("[")[2] for name in names(result)} == {f"{b}]" for b in backends}

    def test_the_ini_file_can_choose_and_the_command_line_overrides_it(
        self, pytester: pytest.Pytester
    ) -> None:
        pytester.makepyfile(BLIND_TEST)
        pytester.makeini("[pytest]\nanyio_backends = trio")

        assert names(run(pytester, "-p", "no:asyncio")) == ["test_blind[trio]"]
        assert names(run(pytester, "-p", "no:asyncio", "--anyio-backends=asyncio")) == [
            "test_blind[asyncio]"
        ]

    def test_without_the_option_nothing_changes(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(BLIND_TEST)

        with_the_plugin = run(pytester)
        without_it = run(pytester, "-p", "no:awaits")

        assert (
            names(with_the_plugin)
            == names(without_it)
            == [
                "test_blind[asyncio]",
                "test_blind[trio]",
            ]
        )
        with_the_plugin.stdout.no_fnmatch_line("anyio backends:*")

    @pytest.mark.parametrize("after", [("tests/",), ("-q", "tests/"), ("tests/", "--exitfirst")])
    def test_the_word_after_the_option_is_no_name_of_an_event_loop(
        self, pytester: pytest.Pytester, after: tuple[str, ...]
    ) -> None:
        pytester.mkdir("tests").joinpath("test_inside.py").write_text("def test_inside(): pass")
        pytester.makepyfile("def test_outside(): pass")

        result = run(pytester, "--anyio-backends", *after)

        result.assert_outcomes(passed=1)

    def test_a_conftest_in_the_folder_after_the_option_may_add_options(
        self, pytester: pytest.Pytester
    ) -> None:
        tests = pytester.mkdir("tests")
        tests.joinpath("conftest.py").write_text(
            "def pytest_addoption(parser): parser.addoption('--mine', action='store_true')"
        )
        tests.joinpath("test_inside.py").write_text("def test_inside(): pass")

        result = run(pytester, "--anyio-backends", "tests/", "--mine")

        result.assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        ("args", "sentence"),
        [
            (
                ["--anyio-backends=curio"],
                "There is no event loop 'curio'; choose from asyncio, trio, asyncio+uvloop.",
            ),
            (
                ["--anyio-backends="],
                "There is no event loop ''; choose from asyncio, trio, asyncio+uvloop.",
            ),
            (
                ["-o", "anyio_backends=curio"],
                "There is no event loop 'curio'; choose from asyncio, trio, asyncio+uvloop.",
            ),
        ],
    )
    def test_an_unknown_event_loop_is_a_usage_error_in_one_line(
        self, pytester: pytest.Pytester, args: list[str], sentence: str
    ) -> None:
        result = run(pytester, *args)

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert [line for line in result.errlines if line] == [
            f"ERROR: --anyio-backends: {sentence}"
        ]

    def test_a_missing_event_loop_is_a_usage_error_that_says_what_to_install(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("awaits.testing.backends.installed", lambda: ("asyncio",))

        result = run(pytester, "--anyio-backends=trio")

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines("*'trio' is not installed; install it with: pip install trio")

    def test_the_header_names_the_event_loops_and_their_versions(
        self, pytester: pytest.Pytester
    ) -> None:
        result = run(pytester, "--anyio-backends")

        result.stdout.re_match_lines(
            r"anyio backends: asyncio \(Python \d[\d.]+\), trio \d[\d.]+, asyncio\+uvloop \d[\d.]+"
        )

    def test_the_help_lists_the_event_loops(self, pytester: pytest.Pytester) -> None:
        text = " ".join(run(pytester, "--help").stdout.str().split())

        assert "--anyio-backends=[NAMES]" in text
        assert "names from asyncio, trio, asyncio+uvloop, separated by commas" in text


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

    def test_an_anyio_that_runs_hypothesis_tests_on_the_first_event_loop_is_caught(
        self, pytester: pytest.Pytester
    ) -> None:
        # anyio before 4.16 forgets which function it has wrapped; so does this one, now.
        # `nox -s older_anyio` runs this test with an anyio that needs no help to fail.
        pytester.makeconftest(
            """
            def pytest_runtest_teardown(item):
                vars(item.obj.hypothesis.inner_test).pop("_anyio_original_func", None)
            """
        )
        pytester.makepyfile(
            """
            import pytest
            from hypothesis import given, strategies as st

            @pytest.mark.anyio
            @given(st.integers())
            async def test_blind(n): pass
            """
        )
        run(pytester).assert_outcomes(passed=2)  # both on asyncio

        result = run(pytester, "--anyio-backends=asyncio,trio")

        result.assert_outcomes(passed=1, failed=1)
        result.stdout.re_match_lines(
            r".*test_blind\[trio\]: labelled trio, but run on asyncio by anyio \d[\d.]+: "
            r"before 4\.16, it runs Hypothesis tests on one event loop; upgrade it\."
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
            r"event loop open; let it use anyio_backend\."
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
        pytester.makepyfile(TESTS_ON_ANYIO)

        run(pytester, "--anyio-backends=asyncio,trio", "-n2").assert_outcomes(passed=6)
        run(
            pytester, "--anyio-backends", "-n2", "--asyncio-mode=auto", "-k", "[trio]"
        ).assert_outcomes(failed=3)
