"""Which tests are explored, and how: what options and markers say."""

import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from awaits.testing.plugin.cancelled import CancelledRuns
from awaits.testing.plugin.explore import Explore, Plan
from awaits.testing.plugin.known import Known
from awaits.testing.plugin.limits import Limits
from awaits.testing.plugin.options import given
from awaits.testing.plugin.plots import Plots
from awaits.testing.plugin.runners import MARK_IT, NAMES, runner_of
from awaits.testing.plugin.tally import Tally
from awaits.testing.schedule import Schedule


def bring_in(config: pytest.Config, items: Sequence[pytest.Item], *, counts: bool = False) -> None:
    """Register what explores tests, if there are any to explore.

    Args:
        config: pytest's configuration.
        items: The tests of this run.
        counts: Whether other processes run the tests and this one counts.

    Raises:
        pytest.UsageError: An option or a marker has a value that it does not take.
    """
    default = _default(config)
    suite = _suite(config, default)
    wrong: dict[pytest.Item, str] = {}
    plans: dict[pytest.Item, Plan] = {}
    for item in items:
        try:
            plan = _plan(item, suite, default)
        except pytest.UsageError as error:
            if not hasattr(config, "workerinput"):
                raise
            wrong[item] = str(error)
        else:
            if plan is not None:
                plans[item] = plan
    if wrong:
        config.pluginmanager.register(Wrong(wrong), "awaits-explore-wrong")
    if plans or suite is not None or counts:
        tally = Tally(config, Known(_path(config, "explore_known")))
        config.pluginmanager.register(tally, "awaits-explore-tally")
        limits = Limits()
        config.pluginmanager.register(limits, "awaits-explore-limits")
        cancelled = CancelledRuns(config, limits)
        config.pluginmanager.register(cancelled, "awaits-explore-cancelled")
        plots = Plots(_path(config, "explore_plot"))
        explore = Explore(plans.get, tally, cancelled, plots, limits)
        config.pluginmanager.register(explore, "awaits-explore")


def _path(config: pytest.Config, name: str) -> Path | None:
    """Return the value of an option as a path; `None` if it has none."""
    path = given(config, name)
    return config.invocation_params.dir / Path(path) if path else None


class Wrong:
    """Fails tests whose markers are wrong: a worker of pytest-xdist cannot refuse to run.

    Args:
        tests: The tests, and what is wrong with each.
    """

    def __init__(self, tests: Mapping[pytest.Item, str]) -> None:
        self._tests = tests

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail a test if its marker is wrong."""
        if item in self._tests:
            pytest.fail(self._tests[item], pytrace=False)


def _default(config: pytest.Config) -> Plan:
    """Return how tests are explored if nothing else is said."""
    jitter = given(config, "explore_jitter") or "0"
    try:
        return Plan(jitter=Schedule(jitter=float(jitter)).jitter)
    except ValueError:
        raise pytest.UsageError(
            f"--explore-jitter must be a number of seconds of at least 0, not {jitter!r}."
        ) from None


def _suite(config: pytest.Config, plan: Plan) -> Plan | None:
    """Return how the tests without a marker are explored; `None` if they are not."""
    awaits = given(config, "explore_cancel")
    if awaits:
        if not (awaits.isdecimal() and int(awaits)):
            raise pytest.UsageError(
                f"--explore-cancel must be a whole number of at least 1, not {awaits!r}."
            )
        plan = plan._replace(awaits=int(awaits))
    orders = given(config, "explore")
    if not orders:
        return plan._replace(orders=0) if awaits else None
    if orders.startswith("Schedule("):
        try:
            return plan._replace(schedule=Schedule.parse(orders))
        except ValueError as error:
            raise pytest.UsageError(f"--explore: {error}") from None
    every, _, deviations = orders.partition(":")
    if orders == "all":
        return plan._replace(deviations="all")
    if every == "all" and deviations.isdecimal():
        return plan._replace(deviations=int(deviations))
    if not (orders.isdecimal() and int(orders)):
        raise pytest.UsageError(
            "--explore must be a whole number of at least 1, all for every order, all:K for those "
            f"with at most K deviations, or a Schedule(...), not {orders!r}."
        )
    return plan._replace(orders=int(orders))


def _plan(item: pytest.Item, suite: Plan | None, default: Plan) -> Plan | None:
    """Return how a test is explored; `None` if it is not."""
    is_ours = runner_of(item) is not None
    mark = item.get_closest_marker("explore")
    if mark is None:
        return suite if is_ours else None
    if len(mark.args) == 1 and mark.args[0] is False:
        return None
    if not is_ours:
        if mark not in item.own_markers:
            return None  # a module's or a class's, which has other tests, too
        is_unittest = isinstance(getattr(item, "instance", None), unittest.TestCase)
        instead = "unittest runs this one" if is_unittest else MARK_IT
        raise pytest.UsageError(
            f"{item.nodeid} is marked explore, which is for async tests that {NAMES} runs; "
            f"{instead}."
        )
    plan = suite or default
    plan = plan._replace(orders=plan.orders or default.orders)  # 0 becomes the default
    match mark.args:
        case () | (True,):
            given_first: dict[str, object] = {}
        case (Schedule() as schedule,):
            given_first = {"schedule": schedule}
        case (orders,):
            given_first = {"orders": orders}
        case _:
            given_first = {"": mark.args}
    return _checked(item, plan, {**given_first, **mark.kwargs})


def _checked(item: pytest.Item, plan: Plan, said: dict[str, object]) -> Plan:
    if "orders" in said or "deviations" in said:
        plan = plan._replace(orders=None, deviations=None)  # the marker overrides the option
    for name, value in said.items():
        match name, value:
            case "orders" | "deviations" | "jitter", bool():
                pass
            case "orders", int() if value >= 1:
                plan = plan._replace(orders=value)
                continue
            case "deviations", "all":
                plan = plan._replace(deviations="all")
                continue
            case "deviations", int() if value >= 0:
                plan = plan._replace(deviations=value)
                continue
            case "jitter", int() | float() if 0 <= value < float("inf"):
                plan = plan._replace(jitter=value)
                continue
            case "cancel", bool():
                plan = plan._replace(cancel=value)
                continue
            case "schedule", Schedule():
                plan = plan._replace(schedule=value)
                continue
            case _:
                pass
        raise pytest.UsageError(
            f"{item.nodeid}: explore takes False, a Schedule, or orders (a whole number of at "
            "least 1), deviations (a whole number of at least 0, or 'all'), jitter (seconds, at "
            "least 0) and cancel (True or False), not "
            f"{name + '=' if name else ''}{value!r}."
        )
    return plan
