"""The options and markers that the kit adds to pytest, and what `pytest --help` says of them."""

import warnings

import pytest

from awaits.testing import backends

OPTION = "--anyio-backends"
# The options whose value may be left out, and the value that they then have.
OPTIONAL = {
    OPTION: backends.EVERY,
    "--explore": "100",
    "--explore-cancel": "1000",
    "--virtual-time-wall": "now",
}
WITH_VALUE = (
    *OPTIONAL,
    "--virtual-time-idle",
    "--explore-jitter",
    "--explore-seed",
    "--explore-plot",
    "--explore-known",
    "--anyio-timeout",
)


def is_value(word: str) -> bool:
    """Tell whether a word looks like the value of one of these options, and not like a file."""
    return (
        word.isdecimal()
        or word.startswith("Schedule(")
        or word.partition(":")[0] == "all"
        or set(word.split(",")) <= {*backends.NAMES, backends.EVERY}
    )


def add(parser: pytest.Parser) -> None:
    """Add the options, and an ini option for each."""
    group = parser.getgroup("awaits")
    group.addoption(
        OPTION,
        nargs="?",
        const=backends.EVERY,
        metavar="NAMES",
        help="run the anyio tests on these event loops, and prove that they ran there: names from "
        f"{', '.join(backends.NAMES)}, separated by commas; without names, on every one installed",
    )
    parser.addini("anyio_backends", f"the default of {OPTION}", default="")
    group.addoption(
        "--prove",
        action="store_true",
        help="say at the end which event loop, of which plugin, ran the async tests; with -v, list "
        "them",
    )
    group.addoption(
        "--virtual-time",
        action="store_true",
        help="run the async tests in virtual time, except those marked real_time",
    )
    parser.addini("virtual_time", "true is the same as --virtual-time", type="bool", default=False)
    group.addoption(
        "--virtual-time-idle",
        metavar="SECONDS",
        help="in virtual time, wait before each move of the clock until nothing has come from "
        "outside for so many real seconds (default 0), for servers in other processes",
    )
    parser.addini("virtual_time_idle", "the default of --virtual-time-idle", default="")
    parser.addini(
        "virtual_time_turns",
        "in virtual time, fail after so many turns of the event loop at one instant",
        default="100000",
    )
    group.addoption(
        "--virtual-time-wall",
        nargs="?",
        const=OPTIONAL["--virtual-time-wall"],
        metavar="INSTANT",
        help="in virtual time, move time.time(), datetime.now() and the like too: from now, or "
        "from an instant such as 2030-01-31T12:00",
    )
    parser.addini("virtual_time_wall", "the default of --virtual-time-wall", default="")
    group.addoption(
        "--explore",
        nargs="?",
        const=OPTIONAL["--explore"],
        metavar="ORDERS",
        help="run each async test in so many orders of its tasks (default 100), except those "
        "marked explore(False); all means every order, all:K those in which at most K steps are "
        "delayed, until nothing else can run or by one; or in one order, such as "
        "--explore='Schedule({(1, 2): 3})'",
    )
    parser.addini("explore", "the default of --explore", default="")
    group.addoption(
        "--explore-jitter",
        metavar="SECONDS",
        help="with --virtual-time, let a delayed step be late by up to so many seconds, so that "
        "sleeps may end in another order (default 0)",
    )
    parser.addini("explore_jitter", "the default of --explore-jitter", default="")
    group.addoption(
        "--explore-seed",
        metavar="TEXT",
        help="draw other orders than without it: each text stands for orders of its own",
    )
    parser.addini("explore_seed", "the default of --explore-seed", default="")
    group.addoption(
        "--explore-cancel",
        nargs="?",
        const=OPTIONAL["--explore-cancel"],
        metavar="AWAITS",
        help="run each async test once for each of its awaits, the first 1000 or so many, and "
        "cancel it there as a whole: it must end for that, leave nothing behind, and raise nothing "
        "else",
    )
    parser.addini("explore_cancel", "the default of --explore-cancel", default="")
    group.addoption(
        "--explore-plot",
        metavar="FOLDER",
        help="draw each order in which a test fails, as an SVG file in this folder",
    )
    parser.addini("explore_plot", "the default of --explore-plot", default="")
    group.addoption(
        "--explore-known",
        metavar="FILE",
        help="with --explore, count the failures that this file lists as expected ones; if there "
        "is no such file, write it",
    )
    parser.addini("explore_known", "the default of --explore-known", default="")
    group.addoption(
        "--anyio-timeout",
        metavar="SECONDS",
        help="fail each async test that takes more than so many real seconds, and tell where its "
        "tasks stand, for what they wait and who holds that",
    )
    parser.addini("anyio_timeout", "the default of --anyio-timeout", default="")
    group.addoption(
        "--no-leftovers",
        action="store_true",
        help="fail each async test that ends with tasks, async generators, threads, processes, "
        "sockets or files of its own still open, or with a coroutine never awaited",
    )
    parser.addini("no_leftovers", "true is the same as --no-leftovers", type="bool", default=False)
    parser.addini(
        "no_leftovers_allow",
        "what a test may leave behind: patterns of the lines that tell of it, one a line",
        type="linelist",
        default=[],
    )


def refuse_wrong_values(config: pytest.Config) -> None:
    """Refuse an option with an empty value, as that of a shell's variable that is not set.

    An empty key of the ini file is one that is not given; a list in pyproject.toml is no text.

    Raises:
        pytest.UsageError: There is one.
    """
    for name in [option[2:].replace("-", "_") for option in WITH_VALUE] + ["virtual_time_turns"]:
        with warnings.catch_warnings():  # pytest warns of it, and goes on
            warnings.simplefilter("ignore", pytest.PytestDeprecationWarning)
            ini: object = config.getini(name)
        if not isinstance(ini, str):
            raise pytest.UsageError(f"{name} in the ini file must be one text, not {ini!r}.")
    for option in WITH_VALUE:
        value: str | None = config.getoption(option)
        if value is not None and not value.strip():
            raise pytest.UsageError(
                f"{option} has an empty value, {value!r}; give it one, or leave the option out."
            )


def explain_markers(config: pytest.Config) -> None:
    """Make `pytest --markers` list the kit's markers."""
    config.addinivalue_line(
        "markers",
        "virtual_time(idle=0.0, wall=False, turns=100_000): run this async test in virtual time; "
        "wait for `idle` real seconds without an event before each move; with `wall`, move "
        "`time.time()` and the like too; fail after so many `turns` of the event loop at one "
        "instant; virtual_time(False) is real_time.",
    )
    config.addinivalue_line("markers", "real_time: keep this test out of --virtual-time.")
    config.addinivalue_line(
        "markers",
        "explore(orders=100, deviations=None, jitter=0.0, cancel=False): run this async test in so "
        "many orders of its tasks, or in each with at most so many `deviations`, or in 'all', with "
        "steps late by at most `jitter` seconds of virtual time, and with tasks cancelled; "
        "explore(False): never; explore(Schedule(...)), or its text: in this one.",
    )
    config.addinivalue_line(
        "markers",
        "anyio_timeout(seconds): fail this async test if it takes more than so many real seconds, "
        "and tell where its tasks stand; anyio_timeout(None): never.",
    )
    config.addinivalue_line(
        "markers",
        "no_leftovers(allow=()): fail this async test if it ends with something of its own still "
        "open, but for what matches a pattern in `allow`; no_leftovers(False): never.",
    )


def arguments_of(mark: pytest.Mark) -> str:
    """Return the arguments of a marker as they are written; `nothing` without any."""
    named = (f"{name}={value!r}" for name, value in mark.kwargs.items())
    return ", ".join([*map(repr, mark.args), *named]) or "nothing"


def given(config: pytest.Config, name: str) -> str:
    """Return the value of an option, or of its ini option if it is not given."""
    option: str | None = config.getoption(name)
    ini: str = config.getini(name)
    return ini if option is None else option
