"""Whole days with known truth: every count exact, the minutes within a hundredth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
import staged
from beings import begun

from smartlogd.base.known import Behaviour

Spans = list[tuple[float, float]]
COUNTED = ("sit", "stand", "lie", "approach", "fetch_return", "eating", "playing")
PRESENCE, GAP_S = {"person_entered", "dog_detected"}, 5.0


@pytest.fixture(scope="module", params=[1, 2, 3])
def day(request: pytest.FixtureRequest) -> staged.Staged:
    return staged.day(request.param)


def ended(said: Iterable[Behaviour]) -> list[Behaviour]:
    """Each thing once, with its end."""
    return [one for one in said if one.end is not None]


def spans(said: Iterable[Behaviour]) -> Spans:
    return sorted((one.start.mono_ns / 1e9, one.end.mono_ns / 1e9) for one in said if one.end is not None)


def united(parts: Spans, gap_s: float = 0.0) -> Spans:
    """The same time without overlaps, and without gaps up to `gap_s`."""
    whole: Spans = []
    for start, end in sorted(parts):
        if whole and start - whole[-1][1] <= gap_s:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def without(parts: Spans, others: Spans) -> Spans:
    """The time of `parts` in which none of `others` is."""
    left = []
    for start, end in united(parts):
        for from_, until in united(others):
            if until <= start or from_ >= end:
                continue
            left += [(start, from_)] if from_ > start else []
            start = until
        left += [(start, end)] if start < end else []
    return left


def total_min(parts: Spans) -> float:
    return sum(end - start for start, end in united(parts)) / 60


def test_everything_that_was_done_is_counted_once(day: staged.Staged) -> None:
    said = begun(day.events)
    counts = Counter(one.what for one in said)
    counts["fetch_success"] = sum(one.data.get("success") is True for one in said)
    assert {word: counts[word] for word in (*COUNTED, "fetch_success")} == {
        word: day.truth.counts.get(word, 0) for word in (*COUNTED, "fetch_success")
    }
    assert counts["drinking"] == 0


def test_time_in_frame_is_right_to_a_hundredth(day: staged.Staged) -> None:
    stays = spans(one for one in ended(day.events) if one.what in PRESENCE)
    assert total_min(united(stays, GAP_S)) == pytest.approx(day.truth.minutes["time_in_frame"], rel=0.01)


def test_calm_is_right_to_a_hundredth(day: staged.Staged) -> None:
    """Time in frame without the time in which somebody in view is not calm."""
    done = ended(day.events)
    restless: Spans = []
    for stay in (one for one in done if one.what in PRESENCE):
        calm = spans(one for one in done if one.what == "calm" and one.track == stay.track)
        restless += without(spans([stay]), calm)
    stays = united(spans(one for one in done if one.what in PRESENCE), GAP_S)
    assert total_min(without(stays, restless)) == pytest.approx(day.truth.minutes["calm"], rel=0.01)


def test_a_day_holds_enough_of_everything_to_prove_something(day: staged.Staged) -> None:
    assert min(day.truth.counts[word] for word in ("sit", "stand", "lie")) >= 15
    assert min(day.truth.counts[word] for word in (*COUNTED, "fetch_success")) >= 3
    assert day.truth.minutes["calm"] < 0.95 * day.truth.minutes["time_in_frame"]


def test_one_seed_stages_one_day() -> None:
    assert staged.day(7, visits=2) == staged.day(7, visits=2)
    assert staged.day(7, visits=2) != staged.day(8, visits=2)
