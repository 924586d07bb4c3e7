"""No frames: one rung at a time, as high as the wait allows, and down at once when frames come."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.ladder import LONGEST_WAIT_S, MEANING, STALE_S, Rung, climbed, last_wait_s, rungs
from smartlogd.telemetry.options import HealOptions

OPTIONS = HealOptions(rebuild_s=60, exit_s=600)
ALLOWED = HealOptions(rebuild_s=60, exit_s=600, hardware_watchdog=Path("/dev/watchdog"))
STATUSES = ("opening", "running", "lost", "paused", "absent", "ended")
MOMENTS = st.tuples(st.floats(0, 200_000), st.sampled_from(STATUSES))
CHOICES = st.builds(
    HealOptions,
    rebuild_s=st.floats(1, 3600),
    exit_s=st.floats(2, 86400),
    hardware_watchdog=st.sampled_from([None, Path("/dev/watchdog")]),
)


def walked(moments: list[tuple[float, str]], fruitless: int = 0, options: HealOptions = OPTIONS) -> list[Rung]:
    rung, seen = Rung.NONE, []
    for gap_s, status in moments:
        rung = climbed(rung, gap_s=gap_s, camera_status=status, fruitless=fruitless, options=options)
        seen.append(rung)
    return seen


def test_every_rung_says_what_it_means() -> None:
    assert list(MEANING) == list(Rung)


def test_a_lost_camera_is_seen_at_once_and_one_that_is_opening_is_left_alone_for_a_while() -> None:
    assert walked([(0.0, "lost")]) == [Rung.REOPENING]
    assert walked([(STALE_S - 0.1, "opening"), (STALE_S, "opening")]) == [Rung.NONE, Rung.REOPENING]


def test_a_camera_that_stays_dark_takes_every_rung_in_turn() -> None:
    assert walked([(11, "lost"), (60, "opening"), (599, "lost"), (600, "lost")]) == [
        Rung.REOPENING,
        Rung.REBUILD,
        Rung.REBUILD,
        Rung.EXIT,
    ]


def test_a_camera_that_films_while_nothing_comes_through_is_set_up_anew_soon() -> None:
    seen = walked([(4, "running"), (5, "running"), (9.9, "running"), (10, "running"), (599, "running")])
    assert seen == [Rung.NONE, Rung.REOPENING, Rung.REOPENING, Rung.REBUILD, Rung.REBUILD]


def test_frames_end_it_at_once_from_every_rung() -> None:
    for rung in Rung:
        now = climbed(rung, gap_s=0.1, camera_status="running", fruitless=0, options=OPTIONS)
        assert now is Rung.NONE


@pytest.mark.parametrize("status", ["paused", "absent", "ended"])
def test_a_camera_that_owes_no_frames_is_never_healed(status: str) -> None:
    for rung in Rung:
        assert climbed(rung, gap_s=1e6, camera_status=status, fruitless=9, options=ALLOWED) is Rung.NONE


def test_the_machine_is_restarted_only_where_allowed_and_after_three_starts_in_vain() -> None:
    assert rungs(2, ALLOWED)[-1] is Rung.EXIT
    assert rungs(3, ALLOWED)[-1] is Rung.HARDWARE
    assert rungs(99, OPTIONS)[-1] is Rung.EXIT
    after_s = last_wait_s(3, ALLOWED)
    assert walked([(11, "lost"), (60, "lost"), (after_s - 1, "lost"), (after_s, "lost")], 3, ALLOWED)[-2:] == [
        Rung.REBUILD,
        Rung.HARDWARE,
    ]


def test_an_exit_shorter_than_the_rebuild_waits_for_it() -> None:
    hasty = HealOptions(rebuild_s=300, exit_s=2)
    seen = walked([(20, "lost"), (299, "lost"), (300, "lost"), (301, "lost")], options=hasty)
    assert seen == [Rung.REOPENING, Rung.REOPENING, Rung.REBUILD, Rung.EXIT]


@given(st.lists(MOMENTS, max_size=40), st.integers(0, 50), CHOICES)
def test_no_rung_is_ever_skipped_on_the_way_up(
    moments: list[tuple[float, str]], fruitless: int, options: HealOptions
) -> None:
    ladder = rungs(fruitless, options)
    heights = [0, *(ladder.index(rung) for rung in walked(moments, fruitless, options))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(heights))


@given(st.lists(MOMENTS, max_size=40), st.integers(0, 50), CHOICES)
def test_whatever_was_before_frames_bring_it_down(
    moments: list[tuple[float, str]], fruitless: int, options: HealOptions
) -> None:
    assert walked([*moments, (0.05, "running")], fruitless, options)[-1] is Rung.NONE


@given(st.integers(0, 10_000), CHOICES)
def test_the_wait_for_the_last_rung_doubles_with_each_start_in_vain_up_to_a_day(
    fruitless: int, options: HealOptions
) -> None:
    wait_s = last_wait_s(fruitless, options)
    assert last_wait_s(fruitless + 1, options) == pytest.approx(min(LONGEST_WAIT_S, 2 * wait_s))
    assert options.exit_s <= wait_s <= LONGEST_WAIT_S
