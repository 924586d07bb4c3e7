from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from smartlogd.base.errors import CameraLost, UnusableInput
from smartlogd.capture.decode import (
    LARGEST_PICTURE_PX,
    Course,
    _Steps,
    first_video,
    opened,
    pictures,
    refuse_giants,
    translated,
)
from smartlogd.capture.stream import recorded


def watched(path: Path, is_wanted=lambda _: True) -> tuple[list, Course]:
    course = Course()
    with opened(f"file:{path}", path.name, {}, None) as container:
        stream = first_video(container, path.name)
        return list(pictures(container, stream, path.name, course, is_wanted)), course


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_the_packets_beside_the_frames_are_the_whole_video_again(film, name: str) -> None:
    shown, course = watched(film(name))
    packets = [packet for picture in shown for packet in picture.packets]
    assert (course.pictures, course.is_short) == (20, False)
    assert packets[0].is_key
    assert {packet.codec for packet in packets} == {"h264"}
    assert all(packet.data[:4].lstrip(b"\0").startswith(b"\1") for packet in packets), "Annex B start codes"
    with av.open(io.BytesIO(b"".join(packet.data for packet in packets)), format="h264") as again:
        pixels = [frame.to_ndarray(format="rgb24") for frame in again.decode(video=0)]
    assert len(pixels) == len(packets) == 20
    assert all(np.abs(a.astype(int) - b.pixels).max() <= 2 for a, b in zip(pixels, shown, strict=True))


def test_every_key_packet_can_be_begun_from(film) -> None:
    shown, _ = watched(film(times_s=[n / 10 for n in range(20)]))
    packets = [packet for picture in shown for packet in picture.packets]
    later_key = next(number for number, packet in enumerate(packets) if packet.is_key and number > 0)
    with av.open(io.BytesIO(b"".join(packet.data for packet in packets[later_key:])), format="h264") as part:
        assert len(list(part.decode(video=0))) == len(packets) - later_key


def test_pictures_that_are_not_wanted_leave_their_packets_to_the_next(film) -> None:
    shown, course = watched(film(), is_wanted=lambda t_s: round(t_s * 10) % 4 == 3)
    assert [round(picture.t_s, 3) for picture in shown] == [0.3, 0.7, 1.1, 1.5, 1.9]
    assert sum(len(picture.packets) for picture in shown) == 20
    assert course.pictures == 20


def test_giant_pictures_are_refused_before_they_fill_the_memory() -> None:
    refuse_giants(7000, 7000, "small enough")
    with pytest.raises(UnusableInput, match="8000 x 8000"):
        refuse_giants(8000, 8000, "bomb.mp4")
    assert LARGEST_PICTURE_PX == 50_000_000


def test_a_giant_picture_in_a_small_file_is_never_unpacked(tmp_path: Path) -> None:
    path, side = tmp_path / "bomb.gif", (60_000).to_bytes(2, "little")
    path.write_bytes(b"GIF89a" + side * 2 + b"\0\0\0" + b",\0\0\0\0" + side * 2 + b"\0\2\2D\1\0;")
    with pytest.raises(UnusableInput):
        list(recorded(path))


def test_damaged_packets_are_passed_over_and_counted(film) -> None:
    path = film("holes.ts", times_s=[n / 10 for n in range(60)], size=(320, 240))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(3).bytes(2000)
    path.write_bytes(data)
    shown, _course = watched(path)
    assert 20 < len(shown) < 70
    times_s = [picture.t_s for picture in shown]
    assert times_s == sorted(set(times_s))


def steps(times: list[float | None], rate: int | None = 10, format_: str = "mov") -> list[float]:
    clock = _Steps(SimpleNamespace(average_rate=rate, container=SimpleNamespace(format=SimpleNamespace(name=format_))))
    return [round(clock.seconds(SimpleNamespace(time=time)), 6) for time in times]


def test_time_is_counted_from_the_first_picture() -> None:
    assert steps([5.0, 5.2, 5.3]) == [0.0, 0.2, 0.3]


def test_pictures_without_timestamps_follow_by_the_last_step() -> None:
    assert steps([None, None, None]) == [0.0, 0.1, 0.2]
    assert steps([0.0, 0.5, None, None]) == [0.0, 0.5, 1.0, 1.5]


def test_without_timestamps_or_rate_time_still_goes_on() -> None:
    assert steps([None, None], rate=None) == [0.0, 0.04]


def test_time_never_stands_or_runs_back() -> None:
    assert steps([0.0, 0.1, 0.1, 0.05, 0.15]) == [0.0, 0.1, 0.101, 0.102, 0.15]


def test_a_clock_that_begins_anew_is_carried_on() -> None:
    assert steps([50.0, 50.1, 0.0, 0.1]) == [0.0, 0.1, 0.2, 0.3]


def test_the_pictures_of_an_avi_are_counted() -> None:
    assert steps([0.0, 0.3, 0.1, 0.2], format_="avi") == [0.0, 0.1, 0.2, 0.3]


def test_an_impossible_gap_is_closed() -> None:
    assert steps([0.0, 0.1, 95_443.0, 95_443.1]) == [0.0, 0.1, 0.2, 0.3]


def test_a_quiet_hour_is_nearly_believed() -> None:
    assert steps([0.0, 0.1, 3000.0]) == [0.0, 0.1, 3000.0]


def test_a_video_held_upright_is_shown_upright(film) -> None:
    path = film("phone.mp4", size=(160, 64))
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16  # the track header's matrix: quarter turn clockwise
    turn = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in turn)
    path.write_bytes(data)
    shown, _ = watched(path)
    assert shown[0].pixels.shape == (160, 64, 3)
    assert not shown[0].pixels.flags.writeable
    assert all(picture.packets == () for picture in shown), "its packets would show it lying on its side"


def test_pictures_and_packets_are_timed_by_one_clock(film) -> None:
    shown, _ = watched(film(times_s=[2 + n / 10 for n in range(20)]))
    packets = [packet for picture in shown for packet in picture.packets]
    assert [picture.pts_s for picture in shown] == pytest.approx([2 + n / 10 for n in range(20)])
    assert sorted(packet.pts_s for packet in packets) == pytest.approx([picture.pts_s for picture in shown])
    decoded = [packet.pts_s if packet.dts_s is None else packet.dts_s for packet in packets]
    assert decoded == sorted(decoded), "whatever order they are shown in, they are decoded as they come"
    assert any(packet.dts_s is not None for packet in packets), "this encoder looks ahead"


def test_a_stream_whose_times_are_made_up_says_none(film) -> None:
    shown, _ = watched(film("clip.avi"))
    assert {picture.pts_s for picture in shown} == {None}


@pytest.mark.parametrize(
    ("error", "name", "kind"),
    [
        (av.error.InvalidDataError(1, "x"), "clip.mp4", UnusableInput),
        (av.error.PermissionError(13, "Permission denied"), "clip.mp4", UnusableInput),
        (OSError(5, "Input/output error"), "clip.mp4", UnusableInput),
        (OSError(111, "Connection refused"), "rtsp://192.0.2.1/door", CameraLost),
        (av.error.TimeoutError(110, "Connection timed out"), "rtsp://192.0.2.1/door", CameraLost),
    ],
)
def test_foreign_errors_become_a_sentence_and_a_hint(error: Exception, name: str, kind: type) -> None:
    with pytest.raises(kind) as raised, translated(name):
        raise error
    assert raised.value.what.startswith(name)
    assert raised.value.what.endswith(".")
    assert raised.value.hint
