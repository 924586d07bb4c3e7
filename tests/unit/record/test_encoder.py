from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from filmed import numbers, raw

from smartlogd.base.seen import Frame
from smartlogd.record.clip import Clip
from smartlogd.record.encoder import KEY_EVERY_S, Encoder
from smartlogd.record.h264 import is_playable, parameters
from smartlogd.record.options import RecordOptions
from smartlogd.record.ring import Piece

X264 = RecordOptions(encoder="libx264", encode_fps=30)


def until(is_so: Callable[[], bool], within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.001)


def encoded(frames: list[Frame], options: RecordOptions = X264, encoder: Encoder | None = None) -> list[Piece]:
    """Offer each frame when the one before is done."""
    own, pieces = encoder or Encoder(options), []
    for frame in frames:
        own.offer(frame)
        until(lambda: own._waiting is None)
        pieces += own.taken()
    expected = len(frames)
    until(lambda: len(pieces) + len(own._done) >= expected)
    pieces += own.taken()
    if encoder is None:
        own.close()
    return pieces


def test_each_picture_is_stamped_as_its_frame_was() -> None:
    frames = raw(2)
    pieces = encoded(frames)
    assert [piece.stamp for piece in pieces] == [frame.stamp for frame in frames]
    assert len({id(piece.run) for piece in pieces}) == 1
    assert pieces[0].run.is_ours


@pytest.mark.parametrize("fps", [5, 10, 25])
def test_key_pictures_lie_close_enough_to_begin_anywhere(fps: int) -> None:
    pieces = encoded(raw(3, fps))
    keys = [piece.stamp.mono_ns / 1e9 for piece in pieces if piece.is_key]
    assert max(b - a for a, b in itertools.pairwise(keys)) <= KEY_EVERY_S + 1 / fps
    assert all(is_playable(parameters(piece.data)) for piece in pieces if piece.is_key)


def test_no_more_pictures_are_encoded_than_were_asked_for() -> None:
    encoder, done = Encoder(RecordOptions(encoder="libx264", encode_fps=10)), 0
    for frame in raw(3, 50):
        encoder.offer(frame)
        until(lambda: encoder._waiting is None)
    until(lambda: len(encoder._done) >= 29)
    done = len(encoder.taken())
    encoder.close()
    assert 29 <= done <= 31


def test_a_frame_that_is_waiting_gives_way_to_the_next() -> None:
    encoder = Encoder(X264)
    busy = threading.Event()
    encoder._at_work = lambda frame: busy.wait(5) and None  # type: ignore[method-assign,func-returns-value]
    for frame in raw(1):
        before = time.monotonic()
        encoder.offer(frame)
        assert time.monotonic() - before < 0.05, "the frame loop waits for nobody"
    assert encoder.skipped >= 8
    busy.set()
    encoder.close()


def test_a_picture_of_another_size_begins_another_run() -> None:
    pieces = encoded([*raw(1), *raw(1, first=10, size=(121, 241))])
    assert len({id(piece.run) for piece in pieces}) == 2
    assert pieces[10].is_key


def test_a_large_picture_is_shrunk_and_keeps_its_shape(tmp_path: Path) -> None:
    pieces = encoded(raw(1, size=(720, 1280)))
    clip = Clip(tmp_path / "clip.mp4", pieces[0])
    clip.add(pieces)
    clip.finish()
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (960, 540)
    assert numbers(tmp_path / "clip.mp4") == list(range(10))


def test_a_clock_that_is_set_begins_another_run() -> None:
    pieces = encoded([*raw(1), *raw(1, first=10, set_s=-3600.0)])
    assert len({id(piece.run) for piece in pieces}) == 2
    assert pieces[10].is_key


def test_a_camera_that_was_away_begins_another_run() -> None:
    pieces = encoded([*raw(1), *raw(1, first=310)])
    assert len({id(piece.run) for piece in pieces}) == 2


def test_without_x264_there_is_a_fallback_and_its_name_is_known() -> None:
    encoder = Encoder(RecordOptions(encoder="mpeg4", encode_fps=30))
    pieces = encoded(raw(1), encoder=encoder)
    encoder.close()
    assert (encoder.name, pieces[0].run.codec) == ("mpeg4", "mpeg4")


def test_the_first_encoder_that_works_is_taken() -> None:
    encoder = Encoder(RecordOptions(encode_fps=30))
    encoded(raw(1), encoder=encoder)
    encoder.close()
    assert encoder.name in ("h264_v4l2m2m", "libx264", "libopenh264", "mpeg4")


def test_one_that_does_not_work_here_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    encoder = Encoder(X264)
    encoder._names = ("no_such_encoder",)
    for frame in raw(1):
        encoder.offer(frame)
    until(lambda: encoder._thread is not None and not encoder._thread.is_alive())
    assert [record.message for record in caplog.records] == ["no encoder works here"]
    assert encoder.taken() == []


def test_one_that_fails_gives_way_to_the_next(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(RecordOptions(encode_fps=30))
    encoder._names = ("libx264", "mpeg4")
    real = encoder._packets

    def failing(work, frame: Frame):
        if work.name == "libx264" and frame.seq == 5:
            raise OSError(5, "Input/output error")
        return real(work, frame)

    monkeypatch.setattr(encoder, "_packets", failing)
    for frame in raw(1):
        encoder.offer(frame)
        until(lambda: encoder._waiting is None)
    until(lambda: len(encoder._done) >= 9)
    encoder.close()
    assert [record.message for record in caplog.records] == ["an encoder failed"]
    assert {piece.run.codec for piece in encoder.taken()} == {"h264", "mpeg4"}


def test_after_its_end_nothing_is_encoded() -> None:
    encoder = Encoder(X264)
    encoder.close()
    encoder.offer(raw(0.1)[0])
    encoder.close()
    assert encoder._thread is None
