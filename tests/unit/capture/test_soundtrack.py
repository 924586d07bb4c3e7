"""The sound of files: every kind, stereo and mono, with pictures and without."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import logging
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.seen import Sound
from smartlogd.capture.soundtrack import PIECE, RATE_HZ, Soundtrack, holds, recorded_sound

Record = Callable[..., Path]

KINDS = {
    "wav": ("pcm_s16le", "s16", None),
    "flac": ("flac", "s16", None),
    "mp3": ("libmp3lame", "fltp", None),
    "m4a": ("aac", "fltp", None),
    "ogg": ("flac", "s16", None),
    "opus": ("libopus", "flt", "ogg"),
    "mka": ("pcm_s16le", "s16", "matroska"),
    "mp4": ("aac", "fltp", None),
    "aiff": ("pcm_s16be", "s16", None),
}


def click_at(t_s: float, span_s: float, rate_hz: int) -> np.ndarray:
    """Silence with a burst of hiss of 50 ms in it."""
    samples = np.zeros(round(span_s * rate_hz), np.float32)
    first = round(t_s * rate_hz)
    length = rate_hz // 20
    samples[first : first + length] = np.random.default_rng(3).uniform(-0.8, 0.8, length)
    return samples


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Write a recording of 3 s with a click at 2 s; `leap_s` leaves so much out of its clock after 1 s."""

    def write(
        kind: str,
        *,
        rate_hz: int = 48_000,
        layout: str = "mono",
        pictures_from_s: float | None = None,
        leap_s: float = 0.0,
    ) -> Path:
        codec, format_, container_format = KINDS[kind]
        path = tmp_path / f"sound.{kind}"
        with av.open(str(path), "w", format=container_format) as container:
            stream = container.add_stream(codec, rate=rate_hz)
            stream.layout = layout
            if pictures_from_s is not None:
                _film(container, pictures_from_s)
            samples = click_at(2.0, 3.0, rate_hz)
            whole = np.stack([samples] * stream.channels)
            resampler = av.AudioResampler(format_, layout, rate_hz)
            step = stream.codec_context.frame_size or 1024
            for first in range(0, whole.shape[1], step):
                frame = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(whole[:, first : first + step]), format="fltp", layout=layout
                )
                leap = round(leap_s * rate_hz) if first >= rate_hz else 0
                frame.sample_rate = rate_hz
                for ready in resampler.resample(frame):
                    ready.pts, ready.time_base = first + leap, Fraction(1, rate_hz)
                    container.mux(stream.encode(ready))
            container.mux(stream.encode(None))
        return path

    return write


def _film(container: av.container.OutputContainer, from_s: float) -> None:
    video = container.add_stream("libx264", rate=10)
    video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
    video.codec_context.time_base = Fraction(1, 1000)
    for number in range(20):
        picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="rgb24").reformat(
            format="yuv420p"
        )
        picture.pts, picture.time_base = round((from_s + number / 10) * 1000), Fraction(1, 1000)
        container.mux(video.encode(picture))
    container.mux(video.encode(None))


def clicked_s(sounds: list[Sound]) -> float:
    """When the click is heard, by the stamps of the pieces."""
    for sound in sounds:
        loud = np.flatnonzero(np.abs(sound.samples) > 0.2)
        if loud.size:
            return sound.stamp.mono_ns / 1e9 + float(loud[0]) / RATE_HZ
    raise AssertionError("no click")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_heard_and_the_click_is_where_it_was(record: Record, kind: str) -> None:
    sounds = list(recorded_sound(record(kind)))
    assert clicked_s(sounds) == pytest.approx(2.0, abs=0.06)
    assert sum(len(sound.samples) for sound in sounds) / RATE_HZ == pytest.approx(3.0, abs=0.12)
    assert [sound.seq for sound in sounds] == list(range(len(sounds)))
    assert all(len(sound.samples) == PIECE for sound in sounds[:-1])
    assert not sounds[0].samples.flags.writeable


@pytest.mark.parametrize(
    ("rate_hz", "layout"), [(8_000, "mono"), (44_100, "stereo"), (22_050, "stereo"), (48_000, "5.1")]
)
def test_any_rate_and_any_number_of_channels_will_do(record: Record, rate_hz: int, layout: str) -> None:
    sounds = list(recorded_sound(record("wav", rate_hz=rate_hz, layout=layout)))
    assert clicked_s(sounds) == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("from_s", [0.0, 0.5])
def test_in_a_video_the_first_picture_is_at_zero(record: Record, from_s: float) -> None:
    sounds = list(recorded_sound(record("mp4", pictures_from_s=from_s)))
    assert clicked_s(sounds) == pytest.approx(2.0 - from_s, abs=0.06)
    assert sounds[0].stamp.mono_ns >= 0


def test_what_is_missing_in_the_middle_is_missing_in_the_numbers(record: Record) -> None:
    sounds = list(recorded_sound(record("mka", leap_s=5.0)))
    assert clicked_s(sounds) == pytest.approx(7.0, abs=0.03)
    numbers = [sound.seq for sound in sounds]
    assert [b - a for a, b in itertools.pairwise(numbers)].count(2) == 1
    assert sum(len(sound.samples) for sound in sounds) / RATE_HZ == pytest.approx(3.0, abs=0.05)


def test_two_runs_give_the_same_pieces(record: Record) -> None:
    path = record("ogg")
    for one, other in zip(recorded_sound(path), recorded_sound(path), strict=True):
        assert (one.seq, one.stamp) == (other.seq, other.stamp)
        np.testing.assert_array_equal(one.samples, other.samples)


def test_the_stamps_begin_when_they_are_told_to(record: Record) -> None:
    start = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    first, second, *_ = recorded_sound(record("wav"), start)
    assert (first.stamp.utc, second.stamp.utc) == (start, start + dt.timedelta(seconds=0.48))
    assert not first.stamp.trusted


def test_a_silent_video_has_no_sound(film: Callable[..., Path]) -> None:
    path = film()
    assert holds(path) == {"pictures"}
    with pytest.raises(UnusableInput, match=r"clip\.mp4 holds no sound"):
        list(recorded_sound(path))


def test_what_a_file_holds_is_told(record: Record, tmp_path: Path) -> None:
    assert holds(record("flac")) == {"sound"}
    assert holds(record("mp4", pictures_from_s=0.0)) == {"pictures", "sound"}
    with pytest.raises(Missing):
        holds(tmp_path / "not there.wav")


@pytest.mark.parametrize("content", [b"", b"no sound at all " * 100, b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match=r"broken\.wav"):
        list(recorded_sound(path))


def test_a_recording_that_breaks_off_gives_what_it_has(record: Record, caplog: pytest.LogCaptureFixture) -> None:
    path = record("mp3")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(range(256)) * 8)
    with caplog.at_level(logging.WARNING, "smartlogd.capture"):
        sounds = list(recorded_sound(path))
    assert 1.0 < sum(len(sound.samples) for sound in sounds) / RATE_HZ < 2.0
    assert "sound is damaged" in caplog.text


def test_a_name_like_an_address_is_a_file(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    path = record("wav")
    odd = path.rename(path.with_name("http:example.wav"))
    monkeypatch.chdir(odd.parent)
    assert clicked_s(list(recorded_sound(Path(odd.name)))) == pytest.approx(2.0, abs=0.01)


# As a microphone --------------------------------------------------------------------------------------


async def test_a_soundtrack_is_a_microphone_that_ends(record: Record) -> None:
    track = Soundtrack(record("wav"))
    assert (track.name, track.status, track.lost) == ("sound.wav", "opening", 0)
    words = {track.status async for _ in track.sounds()}
    assert words == {"running"}
    assert track.status == "ended"


async def test_a_paused_one_goes_on_where_it_was(record: Record) -> None:
    track, got = Soundtrack(record("wav")), list[Sound]()

    async def listen() -> None:
        async for sound in track.sounds():
            got.append(sound)
            if len(got) == 2:
                await track.pause()

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    assert (len(got), track.status) == (2, "paused")
    await track.resume()
    await listening
    assert [sound.seq for sound in got] == list(range(7))


async def test_one_that_is_closed_leaves_no_thread(record: Record) -> None:
    track = Soundtrack(record("wav"))
    async for _ in track.sounds():
        break
    await track.close()
    await track.close()
    assert track._thread is not None
    assert not track._thread.is_alive()


async def test_what_cannot_be_read_is_told_to_whoever_listens(tmp_path: Path, film: Callable[..., Path]) -> None:
    with pytest.raises(Missing):
        [sound async for sound in Soundtrack(tmp_path / "none.wav").sounds()]
    with pytest.raises(UnusableInput):
        [sound async for sound in Soundtrack(film()).sounds()]
