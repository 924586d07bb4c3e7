"""Windows and words of sound."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hears import at, noise, pieces

from smartlogd.base.seen import Sound
from smartlogd.detect import sounds
from smartlogd.detect.sounds import CLASSES, HOP, LOOKALIKE, RATE_HZ, WINDOW, WORDS, Windows, heard, scores_of

COUNTING = np.linspace(0.001, 0.5, 4 * RATE_HZ, dtype=np.float32)
"""Sound in which every sample is another one."""


def windows(samples: np.ndarray, piece: int) -> list[sounds.Window]:
    cutter = Windows()
    return [*(window for sound in pieces(samples, piece) for window in cutter.feed(sound)), *cutter.finish()]


@pytest.mark.parametrize("piece", [160, 1600, HOP, 40_000, 64_000])
def test_the_windows_are_the_same_whatever_the_length_of_the_pieces(piece: int) -> None:
    made, usual = windows(COUNTING, piece), windows(COUNTING, 1920)
    assert len(made) == len(usual) == 10
    for one, other in zip(made, usual, strict=True):
        assert one.stamp.mono_ns == pytest.approx(other.stamp.mono_ns, abs=100)
        np.testing.assert_allclose(one.samples, other.samples)
        np.testing.assert_array_equal(one.levels, other.levels)


@pytest.mark.parametrize("samples", [1, 159, HOP, HOP + 1, WINDOW - 1, WINDOW, WINDOW + 1, 50_000])
def test_every_sample_lies_in_two_windows(samples: int) -> None:
    covered = np.zeros(samples)
    for window in windows(np.full(samples, 0.5, np.float32), 1600):
        first = round(window.stamp.mono_ns / 1e9 * RATE_HZ)
        covered[max(0, first) : max(0, first + WINDOW)] += 1
    assert covered.min() >= 2


def test_windows_follow_each_other_by_their_hop() -> None:
    made = windows(COUNTING, 1600)
    assert made[0].stamp.mono_ns == -480_000_000
    assert [round(b.stamp.since(a.stamp), 6) for a, b in itertools.pairwise(made)] == [0.48] * 9


def test_levels_are_those_of_the_sound_and_not_of_the_window_made_loud() -> None:
    quiet = windows(noise(2.0, 0.001), 1600)[1]
    assert quiet.levels.shape == (24,)
    assert quiet.levels.mean() == pytest.approx(0.001, rel=0.1)
    assert np.abs(quiet.samples).max() == pytest.approx(0.1 * np.abs(noise(2.0)).max() / 0.1, rel=0.2)


def test_something_loud_keeps_what_follows_it_quiet_for_two_seconds() -> None:
    samples = noise(6.0, 0.005)
    samples[RATE_HZ // 2] = 0.9
    loudest = [float(np.abs(window.samples).max()) for window in windows(samples, 1600)]
    assert max(loudest[3:6]) < 0.1
    assert min(loudest[6:11]) > 0.7


def test_silence_stays_silence() -> None:
    assert not any(window.samples.any() for window in windows(np.zeros(RATE_HZ, np.float32), 1600))


def test_a_short_loss_is_filled_with_silence_so_that_nothing_moves() -> None:
    cutter, given = Windows(), list(pieces(COUNTING, 1600))
    lost = given[:10] + given[13:]
    made = [*(window for sound in lost for window in cutter.feed(sound)), *cutter.finish()]
    whole = windows(COUNTING, 1600)
    assert [window.stamp for window in made] == [window.stamp for window in whole]
    np.testing.assert_array_equal(made[-3].levels, whole[-3].levels)
    assert (made[3].levels == 0).sum() == 15  # 0.3 s, and a level is of 20 ms


def test_after_a_long_gap_it_begins_anew() -> None:
    cutter = Windows()
    before = [window for sound in pieces(COUNTING, 1600) for window in cutter.feed(sound)]
    later = cutter.feed(Sound(99, at(100.0), COUNTING[:1600]))
    assert later[-1].stamp.mono_ns < 5e9
    assert [*before, *later][-1].samples[-1] == 0
    after = cutter.finish()
    assert after[0].stamp == at(100.0 - 0.48)


def test_a_sound_card_that_drifts_is_followed() -> None:
    cutter, made = Windows(), []
    for seq in range(600):
        made += cutter.feed(Sound(seq, at(seq * 0.1 * 1.001), np.full(1600, 0.1, np.float32)))
    assert made[-1].stamp.since(made[0].stamp) == pytest.approx(0.48 * (len(made) - 1) * 1.001, abs=0.01)


def test_stamps_that_jitter_move_nothing() -> None:
    cutter, made = Windows(), []
    for seq in range(100):
        made += cutter.feed(Sound(seq, at(seq * 0.1 + (0.02 if seq % 2 else 0.0)), np.full(1600, 0.1, np.float32)))
    steps = [b.stamp.since(a.stamp) for a, b in itertools.pairwise(made)]
    assert max(abs(step - 0.48) for step in steps) < 0.005


def test_nothing_is_left_of_nothing() -> None:
    assert Windows().finish() == ()


# The scores -------------------------------------------------------------------------------------------


def scored(**classes: float) -> dict[str, float]:
    scores = np.zeros(CLASSES, np.float32)
    for number, score in classes.items():
        scores[int(number.removeprefix("_"))] = score
    return dict(heard(at(0), scores).scores)


def test_the_numbers_are_those_of_the_classes_that_are_meant(shared: Path) -> None:
    with (shared / "models" / "yamnet_class_map.csv").open(newline="") as file:
        names = [row["display_name"] for row in csv.DictReader(file)]
    assert len(names) == CLASSES
    assert names[sounds._DOG] == "Dog"
    assert [names[number] for number in sounds._BARKS] == ["Bark", "Yip", "Bow-wow"]
    assert (names[sounds._HOWL], names[sounds._WHIMPER], names[sounds._WOLVES]) == (
        "Howl", "Whimper (dog)", "Canidae, dogs, wolves",
    )  # fmt: skip
    assert {names[number] for number in sounds._LOOKALIKES} >= {
        "Baby cry, infant cry", "Crying, sobbing", "Crowing, cock-a-doodle-doo", "Cat", "Sneeze", "Siren",
    }  # fmt: skip
    assert [names[number] for number in sounds._SPEECH][:2] == ["Speech", "Child speech, kid speaking"]
    assert {names[number] for number in sounds._ALARMS} >= {"Smoke detector, smoke alarm", "Fire alarm", "Alarm"}
    assert [names[number] for number in sounds._GLASS] == ["Shatter", "Breaking"]


def test_a_bark_is_one_only_where_it_is_a_dogs() -> None:
    assert scored(_69=0.81, _70=0.64)["bark"] == pytest.approx(0.72)
    assert scored(_70=1.0)["bark"] == 0.0
    assert scored(_69=1.0)["bark"] == 0.0


def test_a_wolf_may_howl_too() -> None:
    assert scored(_117=0.81, _72=1.0)["howl"] == pytest.approx(0.9)


def test_every_word_is_scored_and_nothing_else() -> None:
    said = scored(_69=0.5, _75=0.5, _0=0.9, _393=0.8, _437=0.7, _94=0.6)
    assert set(said) == {*WORDS, LOOKALIKE}
    assert said["whine"] == pytest.approx(0.5)
    assert [round(said[word], 3) for word in ("speech", "alarm", "glass", LOOKALIKE)] == [0.9, 0.8, 0.7, 0.6]


def test_the_scores_are_found_by_their_shape() -> None:
    spectrogram, scores = np.ones((96, 64), np.float32), np.full((1, CLASSES), 0.25, np.float32)
    for outputs in ((scores,), (scores, spectrogram), (spectrogram, np.zeros((1, 1024)), scores[0])):
        found = scores_of(outputs)
        assert found is not None
        assert found.shape == (CLASSES,)
        assert set(found) == {0.25}
    assert scores_of((spectrogram,)) is None
    assert scores_of(()) is None


def test_of_several_frames_the_surest_counts() -> None:
    frames = np.zeros((3, CLASSES), np.float32)
    frames[1, 69] = 0.9
    found = scores_of((frames,))
    assert found is not None
    assert found[69] == np.float32(0.9)
