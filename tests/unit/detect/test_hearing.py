"""The ear: sounds in, bursts out, with a model that answers as it is told and with the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hears import heard_by, noise, pieces, real_ear

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.ports import Tensor
from smartlogd.capture.soundtrack import recorded_sound
from smartlogd.detect.bursts import BurstRules
from smartlogd.detect.hearing import STAND_IN, Ear, open_ear
from smartlogd.detect.options import SoundOptions
from smartlogd.detect.registry import Registry, read_catalogue
from smartlogd.detect.sounds import CLASSES, RATE_HZ, WINDOW, Samples

SPECTROGRAM = np.zeros((96, 64), np.float32)


def barks_when_loud(tensor: Tensor) -> tuple[Tensor, ...]:
    """Scores of a bark for a window in which something is loud, and what another edition gives beside them."""
    scores = np.zeros((1, CLASSES), np.float32)
    scores[0, [69, 70]] = 0.9 if np.abs(np.asarray(tensor)).max() > 0.5 else 0.01
    return SPECTROGRAM, scores


def barking() -> Samples:
    """Six seconds, at 2 s three barks of 0.1 s, 0.4 s apart."""
    samples = np.zeros(6 * RATE_HZ, np.float32)
    for bark in range(3):
        first = round((2 + 0.4 * bark) * RATE_HZ)
        samples[first : first + RATE_HZ // 10] = noise(0.1, 0.3)
    return samples


@pytest.mark.parametrize("shape", [(WINDOW,), (1, WINDOW)])
def test_both_editions_of_the_model_are_heard_by(spoken: Any, shape: tuple[int, ...]) -> None:
    ear = Ear(spoken("yamnet", shape, barks_when_loud), BurstRules())
    (burst,) = heard_by(ear, pieces(barking()))
    assert burst.what == "bark"
    assert burst.start.mono_ns / 1e9 == pytest.approx(2.0, abs=0.05)
    assert burst.end.mono_ns / 1e9 == pytest.approx(2.9, abs=0.05)
    assert burst.count == 3
    assert {tensor.shape for tensor in ear._model.shown} == {shape}  # type: ignore[attr-defined]


def test_a_model_of_another_kind_is_refused_with_what_it_takes(spoken: Any) -> None:
    with pytest.raises(UnusableInput, match=r"takes \[1, 96, 64\], not 15600 samples"):
        Ear(spoken("mel", (1, 96, 64), barks_when_loud), BurstRules())


def test_a_model_that_gives_other_things_is_refused_with_what_it_gives(spoken: Any) -> None:
    with pytest.raises(UnusableInput, match=r"gives \[96, 64\], \[1, 1024\], not 521 scores"):
        Ear(spoken("embeds", (WINDOW,), lambda _: (SPECTROGRAM, np.zeros((1, 1024)))), BurstRules())


def test_in_silence_the_model_does_not_run(spoken: Any) -> None:
    ear = Ear(spoken("yamnet", (WINDOW,), barks_when_loud), BurstRules())
    heard_by(ear, pieces(np.zeros(60 * RATE_HZ, np.float32)))
    assert ear.calls["yamnet"] == 1


async def test_it_hears_in_a_thread_of_its_own(spoken: Any) -> None:
    ear = Ear(spoken("yamnet", (WINDOW,), barks_when_loud), BurstRules())
    told = [burst for sound in pieces(barking()) for burst in await ear.hear(sound)]
    told += await ear.finish()
    assert [burst.what for burst in told] == ["bark"]
    await asyncio.gather(ear.close(), ear.close())


def test_after_a_rest_it_begins_anew(spoken: Any) -> None:
    ear = Ear(spoken("yamnet", (WINDOW,), barks_when_loud), BurstRules())
    assert [burst.start for burst in heard_by(ear, pieces(barking()))] == [
        burst.start for burst in heard_by(ear, pieces(barking()))
    ]


def test_without_the_model_it_is_missed_by_name(tmp_path: Path) -> None:
    registry = Registry(read_catalogue(), tmp_path)
    with pytest.raises(Missing, match="The model yamnet is not on this device"):
        open_ear(SoundOptions(), registry)
    with pytest.raises(Missing, match="The model yamnet is not on this device"):
        open_ear(SoundOptions(), registry, may_stand_in=lambda _: None)


def test_the_copy_stands_in_only_where_it_may_and_is_told_of(shared: Path, tmp_path: Path) -> None:
    registry, said = Registry(read_catalogue(), tmp_path, shared / "models"), list[str]()
    assert registry.content(STAND_IN)
    with pytest.raises(Missing):
        open_ear(SoundOptions(), registry)
    open_ear(SoundOptions(), registry, may_stand_in=said.append)
    (word,) = said
    assert "unofficial copy" in word


# With the real model ----------------------------------------------------------------------------------


@pytest.fixture
def ear(shared: Path, tmp_path: Path) -> Ear:
    return real_ear(shared, tmp_path)


def recording(shared: Path, name: str) -> Samples:
    return np.concatenate([sound.samples for sound in recorded_sound(shared / "audio" / name)])


TWO_BARKS = "esc10_dog_bark_2-118072-A.ogg"
"""From 0.36 to 0.8 s, then silence."""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (TWO_BARKS, {"bark"}),
        ("esc10_dog_bark_1-100032-A.ogg", {"bark"}),
        ("esc10_baby_cry_2-50666-A.ogg", set()),
        ("esc10_rooster_1-26806-A.ogg", set()),
        ("librispeech_116-288045-0001.m4a", {"speech"}),
        ("fsdd_0_george_1.wav", {"speech"}),
    ],
)
def test_real_sounds_are_told_for_what_they_are(shared: Path, ear: Ear, name: str, words: set[str]) -> None:
    assert {burst.what for burst in heard_by(ear, recorded_sound(shared / "audio" / name))} == words


def louder(samples: Samples) -> Samples:
    return np.clip(samples * 4, -1, 1)


def quieter(samples: Samples) -> Samples:
    return (np.round(samples * 0.01 * 32768) / 32768).astype(np.float32)


def telephone(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[round(len(spectrum) * 0.45) :] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


@pytest.mark.parametrize("spoilt", [louder, quieter, telephone], ids=lambda way: way.__name__)
def test_a_bark_that_is_clipped_faint_or_dull_is_one(
    shared: Path, ear: Ear, spoilt: Callable[[Samples], Samples]
) -> None:
    samples = spoilt(recording(shared, TWO_BARKS))
    (burst,) = heard_by(ear, pieces(samples))
    assert burst.what == "bark"
    assert burst.peak.mono_ns / 1e9 == pytest.approx(0.58, abs=0.25)


@pytest.mark.parametrize("lead_s", [0.0, 0.13, 0.31, 1.7, 20.0])
def test_where_a_bark_lies_is_told_to_a_quarter_of_a_second(shared: Path, ear: Ear, lead_s: float) -> None:
    samples = np.concatenate((np.zeros(round(lead_s * RATE_HZ), np.float32), recording(shared, TWO_BARKS)))
    (burst,) = heard_by(ear, pieces(samples))
    assert burst.start.mono_ns / 1e9 == pytest.approx(lead_s + 0.36, abs=0.25)
    assert burst.end.mono_ns / 1e9 == pytest.approx(lead_s + 0.80, abs=0.25)
    assert burst.start.mono_ns <= burst.peak.mono_ns <= burst.end.mono_ns


@pytest.mark.parametrize("edge", ["begins", "ends"])
def test_a_bark_at_the_edge_of_a_recording_is_heard(shared: Path, ear: Ear, edge: str) -> None:
    samples = recording(shared, TWO_BARKS)[round(0.34 * RATE_HZ) : round(0.84 * RATE_HZ)]
    rest = np.zeros(3 * RATE_HZ, np.float32)
    whole = np.concatenate((samples, rest) if edge == "begins" else (rest, samples))
    assert [burst.what for burst in heard_by(ear, pieces(whole))] == ["bark"]


def test_hiss_and_a_tone_are_no_dog(ear: Ear) -> None:
    tone = np.sin(np.arange(4 * RATE_HZ) * 2 * np.pi * 440 / RATE_HZ).astype(np.float32)
    for samples in (noise(5.0), tone * 0.5):
        assert not {burst.what for burst in heard_by(ear, pieces(samples))} & {"bark", "howl", "whine"}
