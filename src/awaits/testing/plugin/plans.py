"""Which tests are explored, and how: what options and markers say."""

import copy
import unittest
from collections.abc import Sequence
from pathlib import Path

import pytest

from awaits.testing.loops.timekeeper import is_seconds
from awaits.testing.plugin.cancelled import CancelledRuns
from awaits.testing.plugin.explore import Explore
from awaits.testing.plugin.known import Known
from awaits.testing.plugin.limits import Limits
from awaits.testing.plugin.options import arguments_of, given
from awaits.testing.plugin.plots import Plots
from awaits.testing.plugin.runners import MARK_IT, NAMES, runner_of
from awaits.testing.plugin.search import Plan
from awaits.testing.plugin.tally import Tally
from awaits.testing.schedule import Schedule, cancels_all


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
    planned = ((item, _plan(item, suite, default)) for item in items)
    plans = {item: plan for item, plan in planned if plan is not None}
    runs_none = bool(config.getoption("setuponly", default=False))  # --setup-plan does, too
    if not runs_none and (plans or suite is not None or counts):
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
    """Return the value of an option as a path; `None` if it has none.

    On the command line it is relative to where pytest was called, in the ini file to that file.
    """
    path = given(config, name)
    is_ini = config.getoption(name) is None and config.inipath is not None
    folder = config.inipath.parent if is_ini and config.inipath else config.invocation_params.dir
    return folder / path if path else None


def _default(config: pytest.Config) -> Plan:
    """Return how tests are explored if nothing else is said."""
    jitter, seed = given(config, "explore_jitter") or "0", given(config, "explore_seed") or ""
    try:
        return Plan(jitter=Schedule(jitter=float(jitter)).jitter, seed=seed)
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
        return plan._replace(schedule=_parsed(orders, "--explore"))
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


def _parsed(text: str, given_to: str) -> Schedule:
    try:
        return Schedule.parse(text)
    except ValueError as error:
        raise pytest.UsageError(f"{given_to}: {error}") from None


def _plan(item: pytest.Item, suite: Plan | None, default: Plan) -> Plan | None:
    """Return how a test is explored; `None` if it is not."""
    is_ours = runner_of(item) is not None
    mark = item.get_closest_marker("explore")
    if mark is None:
        return suite if is_ours else None
    if len(mark.args) == 1 and mark.args[0] is False:
        if mark.kwargs:
            raise pytest.UsageError(
                f"{item.nodeid}: explore(False) takes nothing else, not {arguments_of(mark)}."
            )
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
    plan = _checked(item, plan, _said(item, mark))
    is_of_hypothesis = hasattr(getattr(item, "obj", None), "hypothesis")
    if is_of_hypothesis and plan.schedule is not None and cancels_all(plan.schedule):
        raise pytest.UsageError(
            f"{item.nodeid}: explore({plan.schedule}) cancels a whole test, which cannot be done "
            "with the examples of Hypothesis; cancel a task instead, such as cancel=(1, 2)."
        )
    return plan


def _said(item: pytest.Item, mark: pytest.Mark) -> dict[str, object]:
    """Return the arguments of a marker, by their names."""
    match mark.args:
        case () | (True,):
            first: dict[str, object] = {}
        case (Schedule() as schedule,):
            first = {"schedule": schedule}
        case (str() as text,) if text.startswith("Schedule("):
            first = {"schedule": _parsed(text, f"{item.nodeid}: explore")}
        case (orders,):
            first = {"orders": orders}
        case _:
            first = {"": mark.args}
    for name in first.keys() & mark.kwargs.keys():
        raise pytest.UsageError(
            f"{item.nodeid}: explore takes {name} once, not {arguments_of(mark)}."
        )
    return {**first, **mark.kwargs}


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
            case "jitter", int() | float() if is_seconds(value):
                plan = plan._replace(jitter=value)
                continue
            case "cancel", bool():
                plan = plan._replace(cancel=value)
                continue
            case "schedule", Schedule():
                plan = plan._replace(schedule=copy.copy(value))  # the user may open it, too
                continue
            case _:
                pass
        raise pytest.UsageError(
            f"{item.nodeid}: explore takes False, a Schedule, or orders (a whole number of at "
            "least 1), deviations (a whole number of at least 0, or 'all'), jitter (seconds, at "
            "least 0) and cancel (True or False), not "
            f"{name + '=' if name else ''}{value!r}."
        )
    _check_that_it_is_alone(item, said)
    return plan


def _check_that_it_is_alone(item: pytest.Item, said: dict[str, object]) -> None:
    """Refuse what is given beside a schedule, which would change nothing."""
    beside = ", ".join(f"{name}={value!r}" for name, value in said.items() if name != "schedule")
    if "schedule" in said and beside:
        raise pytest.UsageError(
            f"{item.nodeid}: explore(Schedule(...)) takes nothing else, not {beside}; jitter and "
            "cancel belong in the Schedule."
        )
