"""Stamps, and the one clock."""

from __future__ import annotations

import datetime as dt

import pytest

from smartlogd.base.time import Stamp, SystemClock, cpu_s, instant, is_synchronised, monotonic_s

NOON = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


def test_a_stamp_shifted_and_shifted_back_is_the_same_instant() -> None:
    stamp = Stamp(1_000_000_000, NOON, trusted=True)
    later = stamp.shifted(2.5)
    assert later.since(stamp) == 2.5
    assert later.utc - stamp.utc == dt.timedelta(seconds=2.5)
    assert later.shifted(-2.5) == stamp


def test_the_clock_runs_forward_and_says_utc() -> None:
    clock = SystemClock()
    one, two = clock.now(), clock.now()
    assert two.mono_ns >= one.mono_ns
    assert one.utc.utcoffset() == dt.timedelta(0)


def test_the_clock_is_never_earlier_than_its_floor_and_then_is_not_trusted() -> None:
    floor = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
    stamp = SystemClock(floor).now()
    assert stamp.utc == floor
    assert not stamp.trusted


def test_a_floor_in_the_past_changes_nothing() -> None:
    assert SystemClock(NOON - dt.timedelta(days=9000)).now().utc > NOON - dt.timedelta(days=9000)


def test_the_kernel_can_be_asked_whether_it_is_synchronised() -> None:
    assert is_synchronised() in (True, False)


def test_spans_are_measured_on_clocks_that_never_step() -> None:
    wall, cpu = monotonic_s(), cpu_s()
    sum(range(200_000))
    assert monotonic_s() > wall
    assert cpu_s() > cpu


@pytest.mark.parametrize("text", ["2026-05-04T12:00:00Z", "2026-05-04T14:00:00+02:00", "2026-05-04T12:00+00:00"])
def test_an_instant_with_an_offset_means_the_same_everywhere(text: str) -> None:
    assert instant(text) == NOON


def test_a_text_that_is_no_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="noon"):
        instant("noon")
