"""`--explore-plot` saves a picture of each failing order."""

import pytest

from tests.testing.plugin.shared import FINE, RACE, explore


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["one process", "two"])
def test_each_failing_order_is_drawn_in_a_file(
    pytester: pytest.Pytester, workers: list[str]
) -> None:
    other = RACE.replace("test_race", "test_other")
    result = explore(pytester, RACE + other + FINE, "--explore-plot=plots/new", *workers)

    result.assert_outcomes(failed=2, passed=1)
    names = sorted(it.name.partition(".py-")[2] for it in (pytester.path / "plots/new").iterdir())
    assert names == ["test_other.svg", "test_race.svg"]
    for path in (pytester.path / "plots/new").iterdir():
        assert "(delayed)" in path.read_text()
        result.stdout.fnmatch_lines(f"It is drawn in {path}")


def test_the_ini_file_says_the_same(pytester: pytest.Pytester) -> None:
    explore(pytester, RACE, "-o", "explore_plot=plots")
    assert len(list((pytester.path / "plots").iterdir())) == 1


def test_without_it_nothing_is_drawn(pytester: pytest.Pytester) -> None:
    result = explore(pytester, RACE)
    result.stdout.no_fnmatch_line("It is drawn*")


def test_a_file_is_no_folder(pytester: pytest.Pytester) -> None:
    (pytester.path / "plots").touch()
    result = explore(pytester, RACE, "--explore-plot=plots")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("ERROR: --explore-plot must be a folder; *plots is a file.")
