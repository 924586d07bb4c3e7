"""Stamps, and the one clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

import smartlogd.base.time
from smartlogd.base.time import Stamp, SystemClock, cpu_s, instant, is_synchronised, machine_boot, monotonic_s

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


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Lets the kernel say whether the clock is synchronised: no test can have a time server come and go."""
    return lambda says: monkeypatch.setattr(smartlogd.base.time, "is_synchronised", lambda: says)


def test_a_clock_before_its_floor_runs_on_from_it_and_is_not_trusted(kernel: Callable[[bool], None]) -> None:
    kernel(False)
    floor = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
    clock = SystemClock(floor)
    one, two = clock.now(), clock.now()
    assert floor <= one.utc < two.utc < floor + dt.timedelta(minutes=1)
    assert abs((two.utc - one.utc).total_seconds() - two.since(one)) < 2e-6, "as fast as the monotonic clock"
    assert not one.trusted


def test_a_clock_that_a_time_server_disciplines_is_not_held_at_a_floor(kernel: Callable[[bool], None]) -> None:
    kernel(True)
    stamp = SystemClock(dt.datetime(2999, 1, 1, tzinfo=dt.UTC)).now()
    assert stamp.trusted
    assert stamp.utc < dt.datetime(2999, 1, 1, tzinfo=dt.UTC)


def test_a_start_of_the_machine_has_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    boot = machine_boot()
    assert boot is None or (len(boot) == 36 and machine_boot() == boot)
    monkeypatch.setattr(smartlogd.base.time, "_BOOT_ID", str(Path(__file__) / "none"))
    assert machine_boot() is None


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
