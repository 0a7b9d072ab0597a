"""How tests run in virtual time: what options and markers say."""

from datetime import datetime
from typing import NamedTuple

import pytest

from awaits.testing.clock import VirtualClock
from awaits.testing.loops.timekeeper import LEAST_TURNS, TURNS, Timekeeper
from awaits.testing.plugin.options import given


class Settings(NamedTuple):
    """The arguments of `@pytest.mark.virtual_time`."""

    idle: float = 0.0
    wall: bool | datetime = False
    turns: int = TURNS


def default_settings(config: pytest.Config) -> Settings:
    """Return the settings of tests whose marker says nothing else.

    Raises:
        pytest.UsageError: An option has a value that it does not take.
    """
    settings = Settings(_idle(config), _wall(config), _turns(config))
    try:
        VirtualClock(**settings._asdict())
    except ValueError as error:
        raise pytest.UsageError(f"--virtual-time-wall: {error}") from None
    return settings


def _idle(config: pytest.Config) -> float:
    text = given(config, "virtual_time_idle") or "0"
    try:
        return Timekeeper(idle=float(text)).idle
    except ValueError:
        raise pytest.UsageError(
            f"--virtual-time-idle must be a number of seconds of at least 0, not {text!r}."
        ) from None


def _turns(config: pytest.Config) -> int:
    text: str = config.getini("virtual_time_turns")
    try:
        return Timekeeper(turns=int(text)).turns
    except ValueError:
        raise pytest.UsageError(
            f"virtual_time_turns must be a whole number of at least {LEAST_TURNS}, not {text!r}."
        ) from None


def _wall(config: pytest.Config) -> bool | datetime:
    match given(config, "virtual_time_wall").strip():
        case "" | "false" | "no" | "off" | "0":
            return False
        case "now" | "true" | "yes" | "on" | "1":
            return True
        case text:
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                raise pytest.UsageError(
                    "--virtual-time-wall must be an instant such as 2030-01-31T12:00 (without a "
                    f"timezone, UTC) or now, not {text!r}."
                ) from None


def marked(default: Settings, mark: pytest.Mark) -> Settings:
    """Return the settings of a test that is marked, if they make sense."""
    if mark.args:
        raise TypeError
    Settings(**mark.kwargs)
    settings = default._replace(**mark.kwargs)
    Timekeeper(**settings._asdict())
    return settings
