"""Windows of words -> bursts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hears import at
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.known import Burst
from smartlogd.base.seen import Heard
from smartlogd.detect.bursts import ENTER, BurstRules, Bursts
from smartlogd.detect.sounds import HOP_S, LOOKALIKE, SPAN_S, WORDS, Samples

QUIET = np.zeros(24, np.float32)
LOUD = np.asarray([0.0] * 6 + [0.5, 1.0, 0.7, 0.4, 0.2, 0.1] + [0.0] * 12, np.float32)
"""A bark 0.12 s after a window's beginning: from its level 6 to its level 11."""

Words = Mapping[str, float]


def window(number: int, words: Words, began_s: float = 0.0) -> Heard:
    scores = dict.fromkeys((*WORDS, LOOKALIKE), 0.0) | dict(words)
    return Heard(at(began_s + number * HOP_S), SPAN_S, tuple(scores.items()))


def told(words: Sequence[Words], levels: Mapping[int, Samples] | None = None, **rules: object) -> list[Burst]:
    """The bursts of windows that follow each other."""
    bursts = Bursts(BurstRules(**rules))  # type: ignore[arg-type]
    over = [
        burst
        for number, one in enumerate(words)
        for burst in bursts.feed(window(number, one), (levels or {}).get(number, QUIET))
    ]
    return [*over, *bursts.finish()]


def silence(windows: int) -> list[Words]:
    return [{}] * windows


def bark(windows: int = 2, sure: float = 0.8) -> list[Words]:
    return [{"bark": sure}] * windows


def test_a_bark_is_told_once_with_when_and_how_surely() -> None:
    (one,) = told([*silence(10), *bark(), *silence(10)], {11: LOUD})
    assert one.what == "bark"
    assert one.start.mono_ns / 1e9 == pytest.approx(11 * HOP_S + 0.12, abs=0.001)
    assert one.end.mono_ns / 1e9 == pytest.approx(11 * HOP_S + 0.24, abs=0.001)
    assert one.peak.mono_ns / 1e9 == pytest.approx(11 * HOP_S + 0.14, abs=0.001)
    assert (one.count, one.confidence) == (1, pytest.approx(0.8))


def test_one_window_alone_is_not_believed() -> None:
    assert told([*silence(10), *bark(1, 0.7), *silence(10)]) == []


def test_what_is_less_sure_than_it_must_be_is_not_told() -> None:
    assert told([*silence(5), *bark(6, ENTER["bark"] - 0.01), *silence(10)]) == []
    assert len(told([*silence(5), *bark(6, ENTER["bark"] + 0.01), *silence(10)])) == 1


@pytest.mark.parametrize("apart", [-2, -1, 0, 1, 2])
def test_a_cock_that_crows_beside_it_takes_the_bark_away(apart: int) -> None:
    words = [dict(one) for one in (*silence(10), *bark(), *silence(10))]
    words[10 + apart][LOOKALIKE] = words[11 + apart][LOOKALIKE] = 0.9
    assert told(words) == []


def test_a_cock_that_crows_farther_off_takes_half_of_it() -> None:
    words = [dict(one) for one in (*silence(20), *bark(2, 0.9), *silence(20))]
    words[15][LOOKALIKE] = 0.8
    assert told(words)[0].confidence == pytest.approx(0.9 * 0.6)
    words[15][LOOKALIKE], words[11][LOOKALIKE] = 0.0, 1.0
    assert told(words)[0].confidence == pytest.approx(0.9)


def test_a_lookalike_of_a_dog_is_none_of_an_alarm() -> None:
    (one,) = told([*silence(5), *[{"alarm": 0.9, LOOKALIKE: 1.0}] * 4, *silence(10)])
    assert one.what == "alarm"


def test_of_the_sounds_of_dogs_only_the_surest_is_told() -> None:
    (one,) = told([*silence(5), *[{"bark": 0.6, "howl": 0.9, "whine": 0.5}] * 4, *silence(10)])
    assert (one.what, one.confidence) == ("howl", pytest.approx(0.9))


def test_other_words_may_be_heard_at_the_same_time() -> None:
    both = told([*silence(5), *[{"bark": 0.9, "speech": 0.8}] * 4, *silence(10)])
    assert sorted(one.what for one in both) == ["bark", "speech"]


def test_only_the_words_that_are_asked_for_are_told() -> None:
    words = [*silence(5), *[{"bark": 0.9, "speech": 0.8}] * 4, *silence(10)]
    assert [one.what for one in told(words, enter={"speech": 0.5})] == ["speech"]


def test_barks_with_short_rests_are_one_burst() -> None:
    words = [*silence(5), *bark(), *silence(2), *bark(), *silence(2), *bark(), *silence(10)]
    (one,) = told(words, {6: LOUD, 10: LOUD, 14: LOUD})
    assert one.count == 3
    assert one.end.since(one.start) == pytest.approx(8 * HOP_S + 0.12, abs=0.001)


def test_barks_with_long_rests_are_two() -> None:
    words = [*silence(5), *bark(), *silence(8), *bark(), *silence(10)]
    first, second = told(words, {6: LOUD, 16: LOUD})
    assert second.start.since(first.end) > 1.5


def test_a_rest_is_as_long_as_it_is_set() -> None:
    words = [*silence(5), *bark(), *silence(8), *bark(), *silence(10)]
    assert len(told(words, quiet_s=6.0)) == 1


def test_what_goes_on_and_on_is_told_again_after_its_longest() -> None:
    alarms = told([*silence(5), *[{"alarm": 0.9}] * 100, *silence(10)], dict.fromkeys(range(200), LOUD), longest_s=20.0)
    assert len(alarms) in {3, 4}
    assert max(one.end.since(one.start) for one in alarms) <= 21.0
    assert alarms[-1].end.since(alarms[0].start) == pytest.approx(101 * HOP_S, abs=1.0)


def test_it_goes_on_while_it_is_half_as_sure() -> None:
    (one,) = told([*silence(5), *bark(2, 0.9), *bark(10, 0.2), *silence(10)], dict.fromkeys(range(5, 17), LOUD))
    assert one.end.since(one.start) > 10 * HOP_S


def test_what_never_was_sure_enough_is_forgotten() -> None:
    assert told([*silence(5), *bark(20, 0.25), *silence(10)]) == []


def test_the_end_of_the_sound_is_the_end_of_the_burst() -> None:
    (one,) = told([*silence(5), *bark(4)], {8: LOUD})
    assert one.count == 1


def test_a_gap_ends_what_there_is() -> None:
    bursts = Bursts(BurstRules())
    for number, words in enumerate([*silence(5), *bark(4)]):
        assert bursts.feed(window(number, words), LOUD) == ()
    (one,) = bursts.feed(window(0, {}, began_s=60.0), QUIET)
    assert one.what == "bark"
    assert one.end.mono_ns < 9 * HOP_S * 1e9 + 1e9
    assert bursts.finish() == ()


def test_no_more_windows_are_remembered_than_are_needed() -> None:
    bursts = Bursts(BurstRules())
    for number in range(1000):
        bursts.feed(window(number, {"bark": 0.1}), QUIET)
    assert len(bursts._windows) < 25


@given(
    st.lists(st.fixed_dictionaries({word: st.floats(0, 1) for word in (*WORDS, LOOKALIKE)}), min_size=1, max_size=60),
    st.lists(st.floats(0, 1, width=32), min_size=24, max_size=24),
)
def test_bursts_of_any_windows_lie_within_what_was_heard(words: list[Words], given_: list[float]) -> None:
    heard = np.asarray(given_, np.float32)
    bursts = told(words, dict.fromkeys(range(len(words)), heard), longest_s=5.0)
    for one in bursts:
        assert one.start.mono_ns <= one.peak.mono_ns <= one.end.mono_ns
        assert one.start.mono_ns >= 0
        assert one.end.mono_ns <= (len(words) * HOP_S + SPAN_S) * 1e9
        assert ENTER[one.what] <= one.confidence <= 1.0  # type: ignore[index]
        assert one.end.since(one.start) <= 6.0
