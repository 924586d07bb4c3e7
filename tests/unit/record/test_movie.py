"""Annotated videos: what goes in comes out, at its own time, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.record.movie import ENCODERS, Movie
from smartlogd.record.options import RecordOptions

TIMES = (0.0, 1 / 30, 0.1, 0.5, 1.75, 2.0)


def shade(value: int, height: int = 120, width: int = 160) -> Pixels:
    return np.full((height, width, 3), value, np.uint8)


def decoded(path: Path) -> list[tuple[float, Pixels]]:
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def leftovers(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("encoder", ["libx264", "mpeg4"])
def test_pictures_come_back_at_the_times_they_were_given(tmp_path: Path, encoder: str) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 30.0, encoders=(encoder, "mpeg4")) as movie:
        for number, t_s in enumerate(TIMES):
            movie.add(shade(40 * number), t_s)
    frames = decoded(path)
    assert [t for t, _ in frames] == pytest.approx(TIMES, abs=1 / 60_000)
    assert [frame.mean() for _, frame in frames] == pytest.approx([40 * n for n in range(len(TIMES))], abs=4)


def test_the_video_can_start_to_play_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 10.0) as movie:
        movie.add(shade(90), 0.0)
    data = path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")


def test_the_pixel_format_is_the_one_every_player_knows_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 10.0) as movie:
        movie.add(shade(90), 0.0)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("height", "width", "even"), [(121, 161, (122, 162)), (3, 200, (16, 200)), (1, 1, (16, 16))])
def test_odd_sizes_are_made_even(tmp_path: Path, height: int, width: int, even: tuple[int, int]) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 10.0) as movie:
        movie.add(shade(90, height, width), 0.0)
    assert decoded(path)[0][1].shape == (*even, 3)


def test_a_video_that_changes_size_goes_on_at_its_first_size(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 10.0) as movie:
        movie.add(shade(60), 0.0)
        movie.add(shade(120, 240, 320), 0.1)
        movie.add(shade(180, 50, 400), 0.2)
    frames = decoded(path)
    assert {frame.shape for _, frame in frames} == {(120, 160, 3)}
    assert [frame.mean() for _, frame in frames] == pytest.approx([60, 120, 180], abs=4)


def test_times_that_stand_still_or_go_back_are_moved_on_by_a_tick(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    with Movie(path, 10.0) as movie:
        for t_s in (0.0, 0.5, 0.5, 0.2):
            movie.add(shade(90), t_s)
    times = [t for t, _ in decoded(path)]
    assert times == pytest.approx([0.0, 0.5, 0.5, 0.5], abs=1e-4)
    assert times == sorted(set(times))


def test_the_file_has_no_name_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    movie = Movie(path, 10.0)
    movie.add(shade(90), 0.0)
    assert not path.exists()
    movie.close()
    assert leftovers(tmp_path) == ["walk.mp4"]


def test_an_exception_leaves_no_file_and_spares_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    path.write_bytes(b"yesterday's")

    def interrupted() -> None:
        with Movie(path, 10.0) as movie:
            movie.add(shade(90), 0.0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert leftovers(tmp_path) == ["walk.mp4"]
    assert path.read_bytes() == b"yesterday's"


def test_a_video_without_pictures_is_no_file(tmp_path: Path) -> None:
    Movie(tmp_path / "walk.mp4", 10.0).close()
    assert leftovers(tmp_path) == []


def test_h264_is_taken_where_there_is_an_encoder_and_mpeg4_is_always_there(tmp_path: Path) -> None:
    assert Movie(tmp_path / "a.mp4", 10.0).encoder in ENCODERS
    fallback = Movie(tmp_path / "b.mp4", 10.0, encoders=("no_such_encoder", "mpeg4"))
    assert (fallback.encoder, fallback.is_h264) == ("mpeg4", False)


def test_a_better_quality_makes_a_larger_file(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    sizes = []
    for crf in (12, 38):
        with Movie(tmp_path / f"{crf}.mp4", 10.0, RecordOptions(movie_crf=crf)) as movie:
            movie.add(noise, 0.0)
        sizes.append((tmp_path / f"{crf}.mp4").stat().st_size)
    if Movie(tmp_path / "c.mp4", 10.0).encoder != "libx264":
        pytest.skip("this FFmpeg has no libx264, whose quality the option sets")
    assert sizes[0] > sizes[1] * 1.5


@pytest.mark.parametrize("name", ["walk.avi", "walk", "walk.mp4.txt"])
def test_a_name_that_is_no_mp4_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableInput, match=r"no name for a video.*\.mp4") as caught:
        Movie(tmp_path / name, 10.0)
    assert caught.value.code == 2


def test_a_folder_in_the_way_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(UnusableInput, match="is a folder"):
        Movie(tmp_path / "folder.mp4", 10.0)
    with pytest.raises(DiskTrouble, match="There is no folder") as caught:
        Movie(tmp_path / "nowhere" / "walk.mp4", 10.0)
    assert caught.value.code == 73


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DiskTrouble, match="may not be written"):
        Movie(tmp_path / "walk.mp4", 10.0)
    tmp_path.chmod(0o700)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on file size stands for the full disk: both fail in the muxer's write."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)

    def written() -> None:
        with Movie(tmp_path / "walk.mp4", 10.0) as movie:
            for number in range(20):
                movie.add(np.roll(noise, number * 37, axis=1), number / 10)

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    quiet = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(DiskTrouble, match=r"walk\.mp4 could not be written"):
            written()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, quiet)
    assert leftovers(tmp_path) == []
