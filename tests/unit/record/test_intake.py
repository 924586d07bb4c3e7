from __future__ import annotations

from dataclasses import replace

import pytest
from filmed import at, coded, raw

from smartlogd.base.seen import Frame
from smartlogd.record.intake import Intake
from smartlogd.record.ring import Piece


def taken(frames: list[Frame], intake: Intake | None = None) -> list[Piece]:
    intake = intake or Intake()
    return [piece for frame in frames for piece in intake.taken(frame)]


def runs(pieces: list[Piece]) -> int:
    return len({id(piece.run) for piece in pieces})


@pytest.mark.parametrize("back_and_forth", [False, True])
def test_packets_are_stamped_with_the_time_at_which_their_frames_were_seen(back_and_forth: bool) -> None:
    frames = coded(raw(3), back_and_forth=back_and_forth, pts_from_s=7.0)
    pieces = taken(frames)
    assert runs(pieces) == 1
    shown_s = sorted(piece.stamp.mono_ns / 1e9 for piece in pieces)
    assert shown_s == pytest.approx([frame.stamp.mono_ns / 1e9 for frame in frames], abs=0.002)
    assert pieces[0].is_key
    decoded = [piece.dts_s for piece in pieces]
    assert decoded == sorted(decoded)


def test_a_camera_that_does_not_say_when_frames_are_shown_is_timed_by_its_newest_packet() -> None:
    frames = coded(raw(3), pts_from_s=3.0, says_pts=False)
    pieces = taken(frames)
    assert pieces[-1].stamp.mono_ns / 1e9 == pytest.approx(frames[-1].stamp.mono_ns / 1e9, abs=0.01)


def test_a_network_that_delays_some_frames_does_not_shift_the_others() -> None:
    frames = coded(raw(6))
    late = [
        replace(frame, stamp=frame.stamp.shifted(0.4)) if number % 7 == 3 else frame
        for number, frame in enumerate(frames)
    ]
    pieces = taken(late)
    assert runs(pieces) == 1
    ours = [piece.stamp.mono_ns / 1e9 - piece.pts_s for piece in pieces[10:]]
    assert max(ours) - min(ours) < 0.01


def test_packets_before_the_first_key_picture_are_no_use() -> None:
    pieces = taken(coded(raw(3))[4:])
    assert pieces[0].is_key
    assert pieces[0].pts_s == pytest.approx(1.0)


def test_a_clock_that_is_set_begins_another_run() -> None:
    frames = coded(raw(2) + raw(2, first=20, set_s=3600.0))
    assert runs(taken(frames)) == 2


def test_a_camera_of_another_size_begins_another_run() -> None:
    frames = [*coded(raw(2)), *coded(raw(2, first=20, size=(120, 240)), pts_from_s=2.0)]
    pieces = taken(frames)
    assert runs(pieces) == 2
    assert len(pieces) == 40


def test_a_stream_that_begins_anew_begins_another_run() -> None:
    frames = [*coded(raw(2)), *coded(raw(2, first=20))]
    pieces = taken(frames)
    assert runs(pieces) == 2
    assert pieces[-1].stamp.mono_ns / 1e9 == pytest.approx(103.9, abs=0.01)


def test_a_stream_that_stood_still_begins_another_run() -> None:
    frames = coded(raw(4))
    later = [replace(frame, stamp=frame.stamp.shifted(10.0)) for frame in frames[20:]]
    pieces = taken([*frames[:20], *later])
    assert runs(pieces) == 2
    assert pieces[-1].stamp.mono_ns / 1e9 == pytest.approx(113.9, abs=0.01)


def test_parameter_sets_that_come_only_once_are_put_before_each_key_picture() -> None:
    frames = coded(raw(3))
    sets = frames[0].packets[0].data
    bare = [
        replace(frame, packets=tuple(replace(packet, data=_without_sets(packet.data)) for packet in frame.packets))
        for frame in frames[1:]
    ]
    keys = [piece for piece in taken([frames[0], *bare]) if piece.is_key]
    assert len(keys) == 3
    head = sets[: sets.index(b"\x00\x00\x01\x68")]
    assert all(head.lstrip(b"\0") in key.data for key in keys)


def _without_sets(data: bytes) -> bytes:
    at_picture = data.find(b"\x00\x00\x01\x65")
    return data[at_picture:] if at_picture >= 0 else data


@pytest.mark.parametrize(
    "of", [{"codec": "mjpeg", "pixel_format": "yuvj420p"}, {"pixel_format": "yuv444p"}, {"codec": "mpeg4"}]
)
def test_packets_that_no_browser_plays_are_not_used(of: dict) -> None:
    intake = Intake()
    assert taken(coded(raw(1), **of), intake) == []
    assert not intake.is_served


@pytest.mark.parametrize("absurd_s", [9e13, -9e13, 1e300, 100.0])
def test_times_that_cannot_be_are_not_believed(absurd_s: float) -> None:
    frames = coded(raw(3))
    (packet,) = frames[5].packets
    frames[5] = replace(frames[5], packets=(replace(packet, pts_s=absurd_s),))
    (packet,) = frames[7].packets
    frames[7] = replace(frames[7], packets=(replace(packet, dts_s=absurd_s),))
    pieces = taken(frames)
    assert all(abs(piece.stamp.mono_ns / 1e9 - 101.5) < 2 for piece in pieces)
    assert all(abs(piece.dts_s) < 10 for piece in pieces)
    assert len(pieces) >= 19, "at the latest with the second key picture after it all is well again"


def test_it_is_served_while_packets_come() -> None:
    intake = Intake()
    taken(coded(raw(1)), intake)
    assert intake.is_served
    taken(raw(4, first=10), intake)
    assert intake.is_served
    taken(raw(4, first=50), intake)
    assert not intake.is_served


def test_frames_without_packets_give_nothing() -> None:
    assert Intake().taken(Frame(0, at(1), raw(0.1)[0].pixels)) == ()
