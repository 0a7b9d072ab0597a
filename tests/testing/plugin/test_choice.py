"""`pytest --anyio-backends`: which event loops the tests run on."""

import pytest

from tests.testing.plugin.shared import BLIND_TEST, TESTS_ON_ANYIO, names, run


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

    def test_the_option_may_stand_in_a_file_of_arguments(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(test_a="def test_a(): pass", test_b="def test_b(): pass")
        pytester.makefile(".txt", args="--anyio-backends\ntest_b.py")

        assert names(run(pytester, "@args.txt")) == ["test_b"]

    @pytest.mark.parametrize(
        ("option", "word"),
        [
            ("--anyio-backends", "asyncio,trio"),
            ("--explore", "50"),
            ("--explore", "all:2"),
            ("--explore", "Schedule({(1, 2): 3})"),
            ("--explore-cancel", "50"),
        ],
    )
    def test_a_value_without_an_equals_sign_is_told_how_to_write_it(
        self, pytester: pytest.Pytester, option: str, word: str
    ) -> None:
        pytester.makepyfile("def test_it(): pass")
        result = run(pytester, option, word)

        assert result.ret == pytest.ExitCode.USAGE_ERROR
        sentence = f"{option} has its value after an equals sign: {option}={word}; "
        sentence += f"there is no file {word!r}."
        assert [line for line in result.errlines if line] == [f"ERROR: {sentence}"]

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

    @pytest.mark.parametrize("option", ["--anyio-backends", "--explore", "--virtual-time-wall"])
    def test_a_conftest_above_the_project_is_not_read(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, option: str
    ) -> None:
        pytester.makeconftest("assert False, 'it is of another project'")
        project = pytester.mkdir("project")
        project.joinpath("tox.ini").write_text(pytester.path.joinpath("tox.ini").read_text())
        project.joinpath("test_it.py").write_text("def test_it(): pass")
        monkeypatch.chdir(project)

        run(pytester, option).assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        ("args", "sentence"),
        [
            (
                ["--anyio-backends=curio"],
                "There is no event loop 'curio'; choose from asyncio, trio, asyncio+uvloop.",
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
