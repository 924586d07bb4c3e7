from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import av
import pytest
from filmed import coded, numbers, raw

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.seen import Frame
from smartlogd.record.clip import Clip, Finished
from smartlogd.record.intake import Intake
from smartlogd.record.ring import Piece, Run

approx = pytest.approx


def pieces_of(frames: list[Frame]) -> list[Piece]:
    intake = Intake()
    return [piece for frame in frames for piece in intake.taken(frame)]


def cut(path: Path, pieces: list[Piece], moment_s: float = 0.0) -> Finished:
    clip = Clip(path, pieces[0])
    for at in range(0, len(pieces), 7):
        clip.add(pieces[at : at + 7])
    return clip.finish(moment_s)


@pytest.mark.parametrize("back_and_forth", [False, True])
def test_a_clip_shows_every_picture_at_its_time(tmp_path: Path, back_and_forth: bool) -> None:
    frames = coded(raw(4), back_and_forth=back_and_forth, pts_from_s=5.0)
    done = cut(tmp_path / "clip.mp4", pieces_of(frames))
    assert numbers(tmp_path / "clip.mp4") == list(range(40))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert [frame.time for frame in container.decode(video=0)] == approx([n / 10 for n in range(40)], abs=0.001)
        assert container.duration / av.time_base == approx(4.0, abs=0.01)
    assert done.duration_s == approx(4.0, abs=0.001)
    assert done.start.mono_ns / 1e9 == approx(100.0, abs=0.001)


def test_nothing_is_encoded_again(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(2)))
    cut(tmp_path / "clip.mp4", pieces)
    written = (tmp_path / "clip.mp4").read_bytes()
    slices = [piece.data[piece.data.rindex(b"\0\0\1") + 3 :] for piece in pieces]
    assert all(each in written for each in slices), "the very bytes that the camera gave"


def test_a_browser_need_not_fetch_all_of_it_to_begin(tmp_path: Path) -> None:
    cut(tmp_path / "clip.mp4", pieces_of(coded(raw(2))))
    written = (tmp_path / "clip.mp4").read_bytes()
    assert 0 < written.index(b"moov") < written.index(b"mdat")


def test_the_file_is_private_and_hashed_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "clips" / "clip.mp4"
    done = cut(path, pieces_of(coded(raw(1))))
    assert done.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert done.bytes == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name for each in path.parent.iterdir()} == {"clip.mp4", "clip.png"}
    assert done.preview == path.with_suffix(".png")


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(1)))
    clip = Clip(tmp_path / "clip.mp4", pieces[0])
    clip.add(pieces)
    assert not (tmp_path / "clip.mp4").exists()
    assert all(each.name.startswith(".") for each in tmp_path.iterdir())
    clip.finish()
    assert (tmp_path / "clip.mp4").exists()


def test_one_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(1)))
    clip = Clip(tmp_path / "clip.mp4", pieces[0])
    clip.add(pieces)
    clip.abandon()
    clip.abandon()
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_finished_is_not_given_up_any_more(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(1)))
    clip = Clip(tmp_path / "clip.mp4", pieces[0])
    clip.add(pieces)
    clip.finish()
    clip.abandon()
    assert {each.name for each in tmp_path.iterdir()} == {"clip.mp4", "clip.png"}


def test_one_that_has_no_picture_is_none(tmp_path: Path) -> None:
    clip = Clip(tmp_path / "clip.mp4", pieces_of(coded(raw(1)))[0])
    with pytest.raises(UnusableInput, match="no picture"):
        clip.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_later_part_begins_at_nought(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(4)))
    done = cut(tmp_path / "clip.mp4", pieces[20:])
    assert numbers(tmp_path / "clip.mp4") == list(range(20, 40))
    assert done.start.mono_ns / 1e9 == approx(102.0, abs=0.001)


def test_what_is_shown_before_the_key_picture_is_left_out(tmp_path: Path) -> None:
    pieces = pieces_of(coded(raw(4), back_and_forth=True))
    number = next(n for n, piece in enumerate(pieces) if piece.is_key and n > 5)
    cut(tmp_path / "clip.mp4", pieces[number:])
    shown = numbers(tmp_path / "clip.mp4")
    assert shown == sorted(shown)
    assert shown[0] == round(pieces[number].pts_s * 10)


def test_our_fallback_can_be_written_too(tmp_path: Path) -> None:
    frames = coded(raw(2), codec="mpeg4")
    run = Run("mpeg4", is_ours=True)
    pieces = [
        Piece(run, frame.stamp, packet.pts_s, packet.pts_s, packet.is_key, packet.data)
        for frame in frames
        for packet in frame.packets
    ]
    cut(tmp_path / "clip.mp4", pieces)
    assert numbers(tmp_path / "clip.mp4") == list(range(20))


def test_bytes_that_are_no_video_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    nonsense = Piece(Run("h264", is_ours=False), raw(0.1)[0].stamp, 0.0, 0.0, True, b"\0\0\1\x67nonsense")
    clip = Clip(tmp_path / "clip.mp4", nonsense)
    with pytest.raises(UnusableInput):
        clip.add([nonsense])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_disk_trouble(tmp_path: Path) -> None:
    (tmp_path / "clips").write_bytes(b"a file where a folder should be")
    pieces = pieces_of(coded(raw(1)))
    with pytest.raises(DiskTrouble):
        Clip(tmp_path / "clips" / "clip.mp4", pieces[0]).add(pieces)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_is_disk_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = pieces_of(coded(raw(2)))
    clip = Clip(tmp_path / "clip.mp4", pieces[0])
    clip.add(pieces)
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(DiskTrouble, match="full"):
        clip.finish()
    assert list(tmp_path.iterdir()) == []


def _full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")
