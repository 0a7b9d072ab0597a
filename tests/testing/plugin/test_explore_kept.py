"""What `--explore` keeps of a run: the last failures, and a list of those that are known."""

import json
import textwrap

import pytest

from tests.testing.plugin.shared import EXPLORED_HEAD, FINE, RACE, explore, summary

ONE = "Schedule({(1, 1): 'idle'})"
KEPT = "It failed in this order before, so this one ran first: pytest's cache keeps it."
CACHE = ".pytest_cache/v/awaits/explore"


def test_the_last_failure_is_tried_first_the_next_time(pytester: pytest.Pytester) -> None:
    tests = """
    async def test_race():
        order = await in_turns("a", "b")
        assert order not in WRONG
    """
    wrong = '    WRONG = ["aabb", "abba"]' + tests
    first = explore(pytester, wrong)
    first.assert_outcomes(failed=1)
    assert "1 order," not in summary(first)
    first.stdout.no_fnmatch_line(KEPT)

    again = explore(pytester, wrong)
    again.assert_outcomes(failed=1)
    assert summary(again) == "explored: 1 test, 1 order, 1 distinct"
    again.stdout.fnmatch_lines(["It replays with: *", KEPT])

    mended = explore(pytester, "    WRONG = []" + tests)
    mended.assert_outcomes(passed=1)
    assert json.loads((pytester.path / CACHE).read_text()) == {}


def test_it_is_told_without_captured_output_and_in_junit_files(pytester: pytest.Pytester) -> None:
    result = explore(pytester, RACE, "--show-capture=no", "--junitxml=junit.xml")

    told = ["*- the order of its tasks -*", "What Schedule(*", "It replays with: @*"]
    result.stdout.fnmatch_lines(told)
    pytest.LineMatcher((pytester.path / "junit.xml").read_text().splitlines()).fnmatch_lines(
        told[1:]
    )


def test_one_order_asked_for_forgets_no_other_failure(pytester: pytest.Pytester) -> None:
    explore(pytester, RACE).assert_outcomes(failed=1)
    explore(pytester, RACE, "--explore=Schedule()").assert_outcomes(passed=1)
    assert list(json.loads((pytester.path / CACHE).read_text()).values()) == [ONE]


@pytest.mark.parametrize("cached", ["Schedule(<function>)", "nonsense"])
def test_a_cache_that_makes_no_sense_does_no_harm(pytester: pytest.Pytester, cached: str) -> None:
    explore(pytester, RACE).assert_outcomes(failed=1)
    path = pytester.path / CACHE
    kept = json.loads(path.read_text())
    path.write_text(json.dumps(dict.fromkeys(kept, cached)))

    explore(pytester, RACE).assert_outcomes(failed=1)
    assert json.loads(path.read_text()) == kept


def test_it_works_without_a_cache(pytester: pytest.Pytester) -> None:
    explore(pytester, RACE, "-p", "no:cacheprovider").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("entry", "covers"),
    [
        ("NAME\tSchedule({(1, 2): 'idle'})", True),
        ("NAME", True),
        ("NAME\tSchedule(cancel=1)", False),
        ("NAME\tSchedule(cancel=1)\nNAME\tSchedule({(1, 1): 'idle'})", True),
    ],
)
def test_a_known_failure_is_one_in_an_order_or_cancelled_as_a_whole(
    pytester: pytest.Pytester, entry: str, covers: bool
) -> None:
    known, args = pytester.path / "known.txt", ["--explore=10", "--explore-known=known.txt"]
    explore(pytester, RACE, *args)
    name = known.read_text().splitlines()[-1].partition("\t")[0]
    known.write_text(entry.replace("NAME", name) + "\n")
    result = explore(pytester, RACE, *args)

    result.assert_outcomes(**{"xfailed" if covers else "failed": 1})


def test_a_known_failure_that_is_no_schedule_is_told(pytester: pytest.Pytester) -> None:
    (pytester.path / "known.txt").write_text("test_it.py::test_race\tgarbage\n")
    result = explore(pytester, RACE, "--explore=10", "--explore-known=known.txt")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: --explore-known: in *known.txt: 'garbage' is not a schedule*"
    )


@pytest.mark.parametrize("line", ["import pytest", "test_it.py::test_it Schedule()"])
def test_a_list_of_known_failures_that_is_none_is_told(
    pytester: pytest.Pytester, line: str
) -> None:
    pytester.makefile(".txt", known=line)
    result = explore(pytester, FINE, "--explore-known=known.txt")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: --explore-known: in *: '{line}' is no test; *")


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\u2028b", "a\\u00fcb", 'a "b"'])
@pytest.mark.parametrize("folder", [".", "#d"])
def test_a_known_failure_may_have_any_name(
    pytester: pytest.Pytester, name: str, folder: str
) -> None:
    pytester.makeconftest(f"""
        def pytest_make_parametrize_id(val):
            return {name!a} if val == 1 else None
    """)
    (pytester.path / folder).mkdir(exist_ok=True)
    race = f'    @pytest.mark.parametrize("n", [1]){RACE.replace("()", "(n)")}'
    (pytester.path / folder / "test_it.py").write_text(textwrap.dedent(EXPLORED_HEAD + race))
    args = ["--explore=20", "--explore-known=known.txt"]

    pytester.runpytest(*args).assert_outcomes(failed=1)
    pytester.runpytest(*args).assert_outcomes(xfailed=1)


def test_known_failures_are_written_once_and_expected_from_then_on(
    pytester: pytest.Pytester,
) -> None:
    known = pytester.path / "lists" / "known.txt"
    args = ["--explore=20", "--explore-known=lists/known.txt"]

    first = explore(pytester, RACE + FINE, *args)
    first.assert_outcomes(failed=1, passed=1)
    first.stdout.fnmatch_lines(f"*1 known failure written to {known}")
    text = known.read_text()
    assert text.startswith("# Tests that fail under pytest --explore")
    assert text.endswith(f"::test_race\t{ONE}\n")

    new = RACE.replace("test_race", "test_new")
    second = explore(pytester, RACE + FINE + new, *args)
    second.assert_outcomes(xfailed=1, passed=1, failed=1)
    assert known.read_text() == text

    mended = explore(pytester, RACE.replace("bbaa", "none"), *args)
    mended.assert_outcomes(passed=1)
    mended.stdout.fnmatch_lines(f"*::test_race passes now: delete its line in {known}")


@pytest.mark.parametrize("how", ["-x", "pytest.exit"])
def test_a_run_that_is_cut_short_writes_no_list(pytester: pytest.Pytester, how: str) -> None:
    tests = RACE + RACE.replace("test_race", "test_other")
    stops = "\n    async def test_stops(): pytest.exit('enough')\n"
    args = ["--explore=20", "--explore-known=known.txt"]
    if how == "-x":
        result = explore(pytester, tests, *args, "-x")
    else:
        result = explore(pytester, RACE + stops + tests, *args)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*the run was cut short, so *known.txt was not written: *")
    explore(pytester, tests, *args).assert_outcomes(failed=2)
    explore(pytester, tests, *args, "-x").assert_outcomes(xfailed=2)


@pytest.mark.parametrize(
    ("n", "told"), [(0, None), (1, "*1 other test fails in"), (2, "*2 other tests fail in")]
)
def test_the_tests_that_fail_without_an_order_are_counted_beside_the_list(
    pytester: pytest.Pytester, n: int, told: str | None
) -> None:
    fails = "".join(f"\n    async def test_fails{i}(): assert False\n" for i in range(n))
    result = explore(pytester, RACE + fails, "--explore-known=known.txt")

    result.assert_outcomes(failed=1 + n)
    if told is None:
        result.stdout.no_fnmatch_line("*other test*")
    else:
        result.stdout.fnmatch_lines(f"{told} the event loop's own order, which no such list covers")


def test_a_list_may_begin_with_the_mark_of_an_editor(pytester: pytest.Pytester) -> None:
    args = ["--explore=20", "--explore-known=known.txt"]
    explore(pytester, RACE, *args)
    known = pytester.path / "known.txt"
    known.write_text(known.read_text(), encoding="utf-8-sig")

    explore(pytester, RACE, *args).assert_outcomes(xfailed=1)


def test_a_list_that_cannot_be_written_is_told_below_the_failures(
    pytester: pytest.Pytester,
) -> None:
    pytester.makefile("", folder="")
    result = explore(pytester, RACE, "--explore-known=folder/known.txt")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("*--explore-known: cannot write *known.txt: *")


def test_a_list_in_the_ini_file_is_beside_that_file(pytester: pytest.Pytester) -> None:
    args = "-o", "explore_known=known.txt"
    explore(pytester, RACE, *args)
    assert (pytester.path / "known.txt").exists()
    ini = pytester.path / "tox.ini"
    ini.write_text(f"{ini.read_text()}\nexplore = 20\nexplore_known = known.txt\n")
    folder = pytester.mkdir("deeper")
    (file,) = pytester.path.glob("test_*.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = pytester.runpytest(str(file), "-c", str(ini))

    result.assert_outcomes(xfailed=1)
    assert not (folder / "known.txt").exists()


@pytest.mark.parametrize("option", ["--co", "-knothing"])
def test_a_run_of_no_test_writes_no_list_and_claims_none(
    pytester: pytest.Pytester, option: str
) -> None:
    result = explore(pytester, RACE, "--explore-known=known.txt", option)

    result.stdout.no_fnmatch_line("*known failure*")
    if option == "--co":
        result.stdout.no_fnmatch_line("explored: *")
    assert not (pytester.path / "known.txt").exists()


def test_where_all_tests_fail_in_their_own_order_the_list_is_empty(
    pytester: pytest.Pytester,
) -> None:
    tests = "\n    async def test_it():\n        assert False"
    result = explore(pytester, tests, "--explore-known=known.txt", "--anyio-backends=asyncio")

    result.stdout.fnmatch_lines("*0 known failures written to *")
    assert (pytester.path / "known.txt").exists()
