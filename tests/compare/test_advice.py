"""What the measurements say: of given ones, so that the answers are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.compare.advice import CLOSE, LEAST_SECONDS, advice, waiting
from awaits.compare.measure import Measured
from awaits.compare.strategies import STRATEGIES
from awaits.timeline import Span

TASKS = [Span(number, 0.0, 1.0) for number in range(1, 21)]

seconds = st.floats(min_value=1e-6, max_value=1e6)


def took(seconds: float, cpu_seconds: float | None = 0.0) -> Measured:
    return Measured(seconds, cpu_seconds, 20_000_000, TASKS)


def some_seconds(**others: float) -> dict[str, Measured]:
    return {name: took(it) for name, it in others.items()}


@pytest.mark.parametrize(
    ("measured", "sentences"),
    [
        (  # waiting
            {
                "sequential": took(2.0, 0.02),
                "asyncio": took(0.1),
                "trio": took(0.11),
                "threads": took(0.12),
                "processes": took(1.1),
                "processes+asyncio": took(0.27),
            },
            (
                "The tasks waited 99% of their time and computed 1%. I would choose asyncio, "
                "20.0 times as fast (trio, threads came close), or stay with one after another "
                "if 2 s is fast enough."
            ),
        ),
        (  # computing
            {
                "sequential": took(1.3, 1.3),
                "asyncio": took(1.3),
                "threads": took(1.4),
                "processes": took(0.7),
                "processes+asyncio": took(0.75),
            },
            (
                "The tasks waited 0% of their time and computed 100%. I would choose processes, "
                "1.9 times as fast (processes+asyncio came close), or stay with one after another "
                "if 1.3 s is fast enough."
            ),
        ),
        (  # both
            {
                "sequential": took(3.4, 1.36),
                "asyncio": took(1.4),
                "threads": took(1.5),
                "processes": took(1.7),
                "processes+asyncio": took(0.9),
            },
            (
                "The tasks waited 60% of their time and computed 40%. I would choose "
                "processes+asyncio, 3.8 times as fast, or stay with one after another if 3.4 s is "
                "fast enough."
            ),
        ),
        (  # waiting, but not awaiting
            {"sequential": took(2.0), "asyncio": took(1.9), "threads": took(0.1)},
            (
                "The tasks waited 100% of their time and computed 0%. On an event loop, each "
                "blocked all others while it waited, because it does not await. I would choose "
                "threads, 20.0 times as fast, or stay with one after another if 2 s is fast enough."
            ),
        ),
        (  # nothing helps
            {"sequential": took(1.0, 1.0), "threads": took(0.9)},
            (
                "The tasks waited 0% of their time and computed 100%. Nothing was much faster than "
                "one after another: stay with it."
            ),
        ),
        (  # a quarter more is not much
            {"sequential": took(1.0, 1.0), "threads": took(0.8)},
            (
                "The tasks waited 0% of their time and computed 100%. Nothing was much faster than "
                "one after another: stay with it."
            ),
        ),
        (
            {"sequential": took(0.05), "asyncio": took(0.01)},
            (
                "All tasks took 0.05 s one after another. That is too short to compare, "
                "and fast enough as it is; if there will be more work, compare with more tasks."
            ),
        ),
        (
            {"sequential": took(5.0)._replace(spans=TASKS[:1]), "asyncio": took(5.0)},
            "One task has nothing to run beside; compare with more.",
        ),
        ({}, "There is nothing to compare, so nothing to advise."),
        ({"sequential": took(5.0)}, "There is nothing to compare, so nothing to advise."),
        (
            {"asyncio": took(1.0), "threads": took(2.0)},
            "There is nothing to compare, so nothing to advise.",
        ),
    ],
)
def test_the_sentences_say_what_was_seen_and_what_to_choose(
    measured: dict[str, Measured], sentences: str
) -> None:
    assert advice(measured) == sentences


@given(
    st.fixed_dictionaries(
        {"sequential": st.floats(LEAST_SECONDS, 1e6), "asyncio": seconds},
        optional=dict.fromkeys([*STRATEGIES][2:], seconds),
    )
)
def test_the_choice_is_the_first_that_none_beats_by_much(times: dict[str, float]) -> None:
    in_order = {name: times[name] for name in STRATEGIES if name in times}
    said = advice(some_seconds(**in_order))

    fastest = min(times.values())
    first = next(name for name, it in in_order.items() if it <= CLOSE * fastest)
    if first == "sequential":
        assert said.endswith("Nothing was much faster than one after another: stay with it.")
    else:
        assert f"I would choose {first}, " in said
        assert "or stay with one after another if" in said


@given(sequential=st.floats(1e-6, LEAST_SECONDS, exclude_max=True), other=seconds)
def test_too_short_to_tell_is_told(sequential: float, other: float) -> None:
    assert "too short to compare" in advice(some_seconds(sequential=sequential, threads=other))


@given(seconds=seconds, cpu_seconds=st.none() | st.floats(0, 1e6))
def test_the_share_of_waiting_is_a_share(seconds: float, cpu_seconds: float | None) -> None:
    assert 0.0 <= waiting(took(seconds, cpu_seconds)) <= 1.0


def test_a_user_is_never_told_to_wait_on_an_event_loop_in_what_computes() -> None:
    said = advice({"sequential": took(1.0, 1.0), "asyncio": took(1.0), "processes": took(0.5)})

    assert "event loop" not in said
