"""A hot device uses fewer frames, step by step, and comes back the same way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.heat import SHARES, Heat, stepped
from smartlogd.telemetry.options import HeatOptions

OPTIONS = HeatOptions(hot_c=80, cool_c=72, dwell_s=30)
FLAGS = ("under-voltage", "frequency-capped", "throttled", "soft-temperature-limit", "throttled-before")
READINGS = st.tuples(
    st.none() | st.floats(-40, 130), st.sets(st.sampled_from(FLAGS)), st.floats(0.1, 90).map(lambda s: round(s, 1))
)


def test_it_goes_down_to_an_eighth_and_no_further_while_it_stays_hot() -> None:
    heat, shares = Heat(), []
    for turn in range(6):
        heat = stepped(heat, 90.0, (), 30.0 * turn, OPTIONS)
        shares.append(heat.share)
    assert shares == [1 / 2, 1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8]


def test_the_first_step_comes_at_once_and_the_second_after_the_dwell() -> None:
    first = stepped(Heat(), 80.0, (), 5.0, OPTIONS)
    assert first == Heat(1, 5.0, "80.0 °C")
    assert stepped(first, 99.0, (), 34.9, OPTIONS) is first
    assert stepped(first, 99.0, (), 35.0, OPTIONS).step == 2


def test_between_the_two_temperatures_nothing_changes() -> None:
    for step in range(len(SHARES)):
        heat = Heat(step, 0.0, "80.0 °C")
        assert stepped(heat, 72.0, (), 100.0, OPTIONS) is heat
        assert stepped(heat, 79.9, (), 100.0, OPTIONS) is heat


def test_cool_again_it_comes_back_one_step_at_a_time_and_rests_at_all_frames() -> None:
    heat, steps = Heat(3, 0.0, "90.0 °C"), []
    for turn in range(1, 6):
        heat = stepped(heat, 71.9, (), 30.0 * turn, OPTIONS)
        steps.append(heat.step)
    assert steps == [2, 1, 0, 0, 0]
    assert heat.why == "71.9 °C"


@pytest.mark.parametrize(
    ("flags", "step"),
    [
        (("soft-temperature-limit",), 1),
        (("throttled",), 1),
        (("throttled", "under-voltage"), 0),  # a weak power supply, which fewer frames do not mend
        (("soft-temperature-limit", "under-voltage"), 1),
        (("throttled-before", "soft-temperature-limit-before"), 0),
        (("frequency-capped",), 0),
    ],
)
def test_a_machine_that_slows_itself_down_for_heat_is_hot_whatever_its_thermometer_says(
    flags: tuple[str, ...], step: int
) -> None:
    assert stepped(Heat(), 50.0, flags, 0.0, OPTIONS).step == step
    assert stepped(Heat(), None, flags, 0.0, OPTIONS).step == step


def test_without_a_thermometer_it_comes_back_once_nothing_slows_it_down() -> None:
    assert stepped(Heat(2, 0.0, "throttled"), None, (), 31.0, OPTIONS) == Heat(1, 31.0, "")


@given(st.lists(READINGS, max_size=60))
def test_it_never_flutters_nor_leaps_nor_leaves_the_table(readings: list[tuple[float | None, set[str], float]]) -> None:
    heat, now_s, moves = Heat(), 0.0, []
    for temperature_c, flags, span_s in readings:
        now_s += span_s
        after = stepped(heat, temperature_c, flags, now_s, OPTIONS)
        assert after.share in SHARES
        if after != heat:
            assert abs(after.step - heat.step) == 1
            moves.append(now_s)
        heat = after
    assert all(later - earlier >= OPTIONS.dwell_s for earlier, later in pairwise(moves))
