"""In which order the rules of a state machine begin, and what a schedule of them does."""

from typing import ClassVar

import pytest
from hypothesis import given

from awaits.testing import Schedule
from awaits.testing.stateful import (
    AsyncStateMachine,
    _schedules_of_rules_that_go_on,  # pyright: ignore[reportPrivateUsage]
    rule,
)


class Ordered(AsyncStateMachine):
    """A machine that notes which rules have begun."""

    begun: ClassVar[list[str]] = []

    @rule()
    async def one(self) -> None:
        self.begun.append("one")

    @rule()
    async def two(self) -> None:
        self.begun.append("two")


@pytest.fixture(params=["asyncio", "trio"])
def machine(request: pytest.FixtureRequest) -> Ordered:
    """A machine on an event loop."""
    name: str = request.param
    machine: Ordered = type("OnBackend", (Ordered,), {"backend": name, "begun": []})()
    return machine


def steer(machine: Ordered, schedule: Schedule) -> None:
    """Do what Hypothesis does with the schedule that it has drawn."""
    Ordered.in_order.hypothesis_stateful_initialize_rule.function(machine, schedule)  # type: ignore[attr-defined]


def test_a_rule_that_goes_on_begins_before_the_next_one(machine: Ordered) -> None:
    steer(machine, Schedule())
    Ordered.one.hypothesis_stateful_rule.function(machine, goes_on=True)  # type: ignore[attr-defined]
    Ordered.two.hypothesis_stateful_rule.function(machine)  # type: ignore[attr-defined]
    machine.teardown()
    assert machine.begun == ["one", "two"]


@given(_schedules_of_rules_that_go_on())
def test_no_schedule_of_rules_that_go_on_delays_the_first_task(schedule: Schedule) -> None:
    assert not callable(schedule.delays)
    assert all(task > 1 for task, _ in schedule.delays)


def test_a_schedule_ends_with_its_example(machine: Ordered) -> None:
    schedule = Schedule({(2, 1): 1})
    steer(machine, schedule)
    machine.teardown()
    assert schedule.ran
