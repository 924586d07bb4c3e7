from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from smartlogd.base.errors import Missing, SmartlogError, UnusableInput
from smartlogd.base.seen import Frame
from smartlogd.capture.stream import FileCamera, footage_sha256


async def seen(path: Path, **how: object) -> list[Frame]:
    return [frame async for frame in FileCamera(path, **how).frames()]


def decoders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "decode"]


async def test_every_frame_comes_once_and_in_order(film) -> None:
    frames = await seen(film())
    assert [frame.seq for frame in frames] == list(range(20))
    assert [round(float(frame.pixels.mean()) / 8) for frame in frames] == list(range(20))
    assert frames[0].pixels.shape == (120, 160, 3)
    assert frames[0].pixels.dtype == np.uint8


async def test_time_is_what_the_frames_say_and_not_the_header(film) -> None:
    times_s = [0.0, 0.05, 0.25, 0.3, 1.5, 1.55]
    frames = await seen(film("uneven.mkv", times_s=times_s))
    assert [frame.stamp.mono_ns for frame in frames] == [round(t_s * 1e9) for t_s in times_s]


async def test_time_begins_at_the_first_frame(film) -> None:
    frames = await seen(film("late.mkv", times_s=[7.0, 7.1, 7.3]))
    assert [frame.stamp.mono_ns for frame in frames] == [0, 100_000_000, 300_000_000]


async def test_a_frame_cannot_be_written_to(film) -> None:
    frames = await seen(film())
    with pytest.raises(ValueError, match="read-only"):
        frames[0].pixels[0, 0] = 1


async def test_two_runs_give_the_same_frames(film) -> None:
    path = film()
    one, other = await seen(path), await seen(path)
    assert [frame.stamp for frame in one] == [frame.stamp for frame in other]
    assert all((a.pixels == b.pixels).all() and a.packets == b.packets for a, b in zip(one, other, strict=True))


async def test_stamps_count_from_the_start_that_is_given(film) -> None:
    start = dt.datetime(2020, 5, 17, 12, 0, tzinfo=dt.UTC)
    frames = await seen(film(), start=start)
    assert frames[10].stamp.utc == start + dt.timedelta(seconds=1)
    assert not frames[10].stamp.trusted


async def test_stamps_count_from_when_the_file_says_it_was_made(film) -> None:
    frames = await seen(film("made.mkv", tags={"creation_time": "2019-09-29T17:49:14.000000Z"}))
    assert frames[0].stamp.utc == dt.datetime(2019, 9, 29, 17, 49, 14, tzinfo=dt.UTC)


@pytest.mark.parametrize("tags", [{}, {"creation_time": "yesterday"}])
async def test_without_a_usable_word_of_the_file_stamps_count_from_its_last_change(film, tags: dict[str, str]) -> None:
    path = film("unmarked.mkv", tags=tags)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    frames = await seen(path)
    assert frames[0].stamp.utc == dt.datetime.fromtimestamp(1_600_000_000, dt.UTC)


async def test_a_gif_is_played_by_its_durations(film) -> None:
    frames = await seen(film("walk.gif", times_s=[0.0, 0.1, 0.5, 0.6], codec="gif", pixel_format="rgb8"))
    assert [frame.stamp.mono_ns / 1e9 for frame in frames] == pytest.approx([0.0, 0.1, 0.5, 0.6])


async def test_the_camera_tells_how_it_stands(film) -> None:
    camera = FileCamera(film("walk.mp4"))
    assert (camera.name, camera.status, camera.dropped) == ("walk.mp4", "opening", 0)
    async for frame in camera.frames():
        assert camera.status == "running"
        assert camera.duration_s == frame.stamp.mono_ns / 1e9
    assert camera.status == "ended"
    assert camera.duration_s == pytest.approx(1.9)
    assert camera.dropped == 0


async def test_a_loop_goes_on_counting(film) -> None:
    camera, frames = FileCamera(film(times_s=[0.0, 0.1, 0.2]), loop=True), []
    async for frame in camera.frames():
        frames.append(frame)
        if len(frames) == 7:
            break
    await camera.close()
    assert [frame.seq for frame in frames] == list(range(7))
    assert [frame.stamp.mono_ns / 1e9 for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


async def test_closing_early_ends_the_thread(film) -> None:
    camera = FileCamera(film(times_s=[n / 10 for n in range(100)]))
    async for _ in camera.frames():
        await camera.close()
    assert not decoders()
    await camera.close()
    assert [frame async for frame in camera.frames()] == []


async def test_nothing_is_decoded_far_ahead_of_who_asks(film) -> None:
    camera = FileCamera(film(times_s=[n / 10 for n in range(60)]))
    frames = camera.frames()
    await anext(frames)
    await asyncio.sleep(0.2)
    assert len(camera._handover._items) <= 4
    await frames.aclose()
    assert not decoders()


async def test_a_size_that_changes_midway_changes_the_frames(film, tmp_path: Path) -> None:
    small = film("small.h264", format_="h264", times_s=[n / 10 for n in range(10)])
    large = film("large.h264", format_="h264", times_s=[n / 10 for n in range(10)], size=(320, 240))
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    frames = await seen(both)
    assert [frame.pixels.shape[:2] for frame in frames] == [(120, 160)] * 10 + [(240, 320)] * 10
    times_ns = [frame.stamp.mono_ns for frame in frames]
    assert times_ns == sorted(set(times_ns))


async def test_a_header_that_promises_no_frames_a_second_is_not_believed(film) -> None:
    path = film("zero.avi", codec="mjpeg", pixel_format="yuvj420p")
    data = bytearray(path.read_bytes())
    at = data.index(b"strh") + 8 + 20  # scale and rate of the stream header
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    frames = await seen(path)
    assert len(frames) == 20
    times_ns = [frame.stamp.mono_ns for frame in frames]
    assert times_ns == sorted(set(times_ns))


async def test_a_truncated_file_gives_what_it_has_and_says_so_once(film, caplog: pytest.LogCaptureFixture) -> None:
    path = film(times_s=[n / 10 for n in range(60)], options={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with caplog.at_level(logging.WARNING, "smartlogd.capture"):
        frames = await seen(path)
    assert 10 < len(frames) < 60
    (record,) = caplog.records
    assert record.message == "footage ends early"
    assert (record.file, record.frames, record.promised) == ("clip.mp4", len(frames), 60)


async def test_a_whole_file_is_not_complained_of(film, caplog: pytest.LogCaptureFixture) -> None:
    await seen(film())
    assert not caplog.records


async def refusal(path: Path) -> SmartlogError:
    with pytest.raises(SmartlogError) as raised:
        await seen(path)
    assert "Traceback" not in str(raised.value)
    assert raised.value.what.count(".") <= 2, "one sentence, and perhaps a file's ending"
    assert raised.value.hint
    assert not decoders()
    return raised.value


async def test_a_file_cut_before_its_index_is_refused(film) -> None:
    path = film(times_s=[n / 10 for n in range(60)])
    path.write_bytes(path.read_bytes()[:3000])
    assert isinstance(await refusal(path), UnusableInput)


async def test_noise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + np.random.default_rng(1).bytes(50_000))
    assert isinstance(await refusal(path), UnusableInput)


async def test_text_named_as_a_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear video player,\n" * 200)
    assert isinstance(await refusal(path), UnusableInput)


@pytest.mark.parametrize("name", ["list.m3u8", "list.txt", "list.mp4"])
async def test_a_list_of_other_files_is_refused(film, tmp_path: Path, name: str) -> None:
    film("inner.ts")
    text = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ninner.ts\n#EXT-X-ENDLIST\n"
        if "m3u8" in name or "mp4" in name
        else ""
    )
    path = tmp_path / name
    path.write_text(text or "ffconcat version 1.0\nfile inner.ts\n")
    assert isinstance(await refusal(path), UnusableInput)


async def test_sound_alone_is_refused(tone: Path) -> None:
    assert "no video" in (await refusal(tone)).what


async def test_an_empty_file_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert isinstance(await refusal(tmp_path / "empty.mp4"), UnusableInput)
    assert isinstance(await refusal(tmp_path), UnusableInput)
    assert isinstance(await refusal(tmp_path / "none.mp4"), Missing)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user whom file rights bind; root may read everything")
async def test_a_file_that_may_not_be_read_is_refused(film) -> None:
    path = film()
    path.chmod(0)
    assert "may not be read" in (await refusal(path)).what


def test_footage_is_known_by_its_hash(film) -> None:
    path = film()
    assert footage_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(Missing):
        footage_sha256(path.parent / "none.mp4")


async def test_the_clip_with_a_wrong_header_rate_plays_by_its_timestamps(shared: Path) -> None:
    frames = await seen(shared / "videos" / "ambianic_frontdoor_person1.mkv")
    steps_s = np.diff([frame.stamp.mono_ns for frame in frames]) / 1e9
    assert len(frames) == 60
    assert 0.04 < steps_s.min() < steps_s.max() < 0.21
    assert frames[-1].stamp.mono_ns / 1e9 == pytest.approx(5.907, abs=0.01)


async def test_a_frame_is_handed_over_in_a_fraction_of_a_millisecond(film) -> None:
    path = film(times_s=[n / 10 for n in range(400)], size=(32, 32))
    began = time.perf_counter()
    frames = await seen(path)
    assert len(frames) == 400
    assert (time.perf_counter() - began) / 400 < 0.002  # measured: 0.1 ms with decoding; a busy machine gets slack


async def test_a_paused_file_gives_no_frame_and_then_goes_on_with_the_next(film) -> None:
    camera, seqs = FileCamera(film(times_s=[n / 10 for n in range(8)])), []
    await camera.pause()

    async def read() -> None:
        async for frame in camera.frames():
            seqs.append(frame.seq)
            if frame.seq == 2:
                await camera.pause()

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    assert (seqs, camera.status, decoders()) == ([], "paused", [])
    await camera.resume()
    await asyncio.sleep(0.3)
    assert (seqs, camera.status) == ([0, 1, 2], "paused")
    await camera.resume()
    await reading
    assert (seqs, camera.status) == (list(range(8)), "ended")


async def test_a_paused_file_can_be_closed(film) -> None:
    camera = FileCamera(film())
    frames = camera.frames()
    await anext(frames)
    await camera.pause()
    waiting = asyncio.ensure_future(anext(frames, None))
    await asyncio.sleep(0.05)
    await camera.close()
    async with asyncio.timeout(2):
        assert await waiting is None
    assert not decoders()
