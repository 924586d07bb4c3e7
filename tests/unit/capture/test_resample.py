"""Sound of any kind -> 16 kHz mono."""

from __future__ import annotations

import av
import numpy as np
import pytest

from smartlogd.capture.resample import RATE_HZ, Resampler


def frame(samples: np.ndarray, rate_hz: int, format_: str = "fltp", layout: str = "mono") -> av.AudioFrame:
    made = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=format_, layout=layout)
    made.sample_rate = rate_hz
    return made


def tone(rate_hz: int, span_s: float = 1.0, pitch_hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(np.arange(round(rate_hz * span_s)) * 2 * np.pi * pitch_hz / rate_hz)).astype(np.float32)


def pitch_hz(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_becomes_ours_and_keeps_its_pitch_and_length(rate_hz: int) -> None:
    resampler, samples = Resampler(), tone(rate_hz)
    parts = [resampler.feed(frame(part[None], rate_hz)) for part in np.array_split(samples, 7)]
    whole = np.concatenate([*parts, resampler.flush()])
    assert whole.dtype == np.float32
    assert len(whole) == pytest.approx(RATE_HZ, abs=20)
    assert pitch_hz(whole[:RATE_HZ]) == pytest.approx(440, abs=2)
    assert np.abs(whole).max() == pytest.approx(0.5, abs=0.02)


def test_of_stereo_both_sides_are_heard() -> None:
    left = np.stack([tone(RATE_HZ), np.zeros(RATE_HZ, np.float32)])
    whole = Resampler().feed(frame(left, RATE_HZ, layout="stereo"))
    assert pitch_hz(whole) == pytest.approx(440, abs=2)
    assert np.abs(whole).max() > 0.2


def test_a_recording_may_change_its_kind_on_the_way() -> None:
    resampler = Resampler()
    first = resampler.feed(frame(tone(48_000)[None], 48_000))
    second = resampler.feed(frame((tone(8_000) * 32767).astype(np.int16)[None], 8_000, "s16p"))
    rest = resampler.flush()
    assert len(first) + len(second) + len(rest) == pytest.approx(2 * RATE_HZ, abs=40)


def test_what_is_no_number_is_silence_and_what_is_too_loud_is_cut_off() -> None:
    samples = np.array([[0.5, np.nan, np.inf, -np.inf, 7.0, -7.0, 0.25]], np.float32)
    assert Resampler().feed(frame(samples, RATE_HZ)).tolist() == [0.5, 0.0, 1.0, -1.0, 1.0, -1.0, 0.25]


def test_nothing_is_left_of_nothing() -> None:
    assert Resampler().flush().size == 0
