from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import av
import numpy as np
import pytest
from filmed import numbers, raw

from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box
from smartlogd.base.seen import Pixels
from smartlogd.record.blur import blurred
from smartlogd.record.movie import Movie
from smartlogd.record.options import RecordOptions

FACE = Box(0.6, 0.6, 0.8, 0.9)


def clip(path: Path, seconds: float = 3.0) -> Path:
    """Numbered pictures, with a face (a fine chequerboard) in the corner that bears no number."""
    with Movie(path, 10) as movie:
        for frame in raw(seconds, size=(192, 384)):
            pixels = frame.pixels.copy()
            rows, columns = slice(115, 173), slice(230, 307)
            pixels[rows, columns] = np.where(np.indices((58, 77)).sum(0)[..., None] // 4 % 2, 250, 5)
            movie.add(pixels, frame.stamp.mono_ns / 1e9 - 100)
    return path


def contrast(path: Path) -> list[float]:
    """How much of a face is to be seen in each picture."""
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [float(picture[125:165, 240:300].astype(float).std()) for picture in pictures]


def test_a_face_is_hidden_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    original = clip(tmp_path / "clip.mp4")
    made = blurred(original, tmp_path / "copy.mp4", lambda _: [FACE], RecordOptions())
    assert min(contrast(original)) > 80
    assert max(contrast(tmp_path / "copy.mp4")) < 40
    assert numbers(tmp_path / "copy.mp4") == numbers(original) == list(range(30))
    assert made.hidden == 15, "five looks a second"
    assert made.sha256 == hashlib.sha256((tmp_path / "copy.mp4").read_bytes()).hexdigest()
    assert made.bytes == (tmp_path / "copy.mp4").stat().st_size
    assert made.preview == tmp_path / "copy.png"
    assert stat.S_IMODE((tmp_path / "copy.mp4").stat().st_mode) == 0o600


def test_one_that_was_found_for_a_moment_is_hidden_before_and_after_it(tmp_path: Path) -> None:
    original, looks = clip(tmp_path / "clip.mp4"), iter(range(1000))

    def at_one_and_a_half(_: Pixels) -> list[Box]:
        return [FACE] if next(looks) in (7, 8) else []

    blurred(original, tmp_path / "copy.mp4", at_one_and_a_half, RecordOptions())
    seen = contrast(tmp_path / "copy.mp4")
    assert max(seen[8:23]) < 40
    assert min(seen[:6]) > 60
    assert min(seen[25:]) > 60


def test_without_faces_nothing_is_hidden(tmp_path: Path) -> None:
    original = clip(tmp_path / "clip.mp4", 1.0)
    made = blurred(original, tmp_path / "copy.mp4", lambda _: [], RecordOptions())
    assert (made.hidden, min(contrast(tmp_path / "copy.mp4")) > 80) == (0, True)


def test_a_face_at_the_edge_is_hidden_as_far_as_it_is_seen(tmp_path: Path) -> None:
    blurred(
        clip(tmp_path / "clip.mp4", 1.0), tmp_path / "copy.mp4", lambda _: [Box(0.9, 0.9, 1.4, 1.2)], RecordOptions()
    )
    assert (tmp_path / "copy.mp4").exists()


def test_the_copy_begins_with_a_private_index(tmp_path: Path) -> None:
    blurred(clip(tmp_path / "clip.mp4", 1.0), tmp_path / "copy.mp4", lambda _: [], RecordOptions())
    written = (tmp_path / "copy.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")


@pytest.mark.parametrize("content", [b"", b"nothing of ours"])
def test_what_cannot_be_read_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(UnusableInput):
        blurred(tmp_path / "clip.mp4", tmp_path / "copy.mp4", lambda _: [], RecordOptions())
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_finder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def failing(_: Pixels) -> list[Box]:
        raise UnusableInput("No model.")

    with pytest.raises(UnusableInput):
        blurred(clip(tmp_path / "clip.mp4", 1.0), tmp_path / "copy.mp4", failing, RecordOptions())
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]
