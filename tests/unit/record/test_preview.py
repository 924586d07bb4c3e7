from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
from filmed import HEIGHT, WIDTH, _number, coded, raw

from smartlogd.record.clip import Clip
from smartlogd.record.intake import Intake
from smartlogd.record.preview import still


def clip(path: Path, seconds: float = 4, key_every: int = 10) -> Path:
    intake = Intake()
    pieces = [piece for frame in coded(raw(seconds), key_every=key_every) for piece in intake.taken(frame)]
    made = Clip(path, pieces[0])
    made.add(pieces)
    made.finish()
    return path


def number(path: Path) -> int:
    picture = cv2.imread(str(path))
    return _number(np.asarray(picture)[..., ::-1])


def test_a_still_shows_the_moment_that_was_asked_for(tmp_path: Path) -> None:
    assert still(clip(tmp_path / "clip.mp4"), tmp_path / "still.png", 2.5, 1000) == tmp_path / "still.png"
    assert number(tmp_path / "still.png") == 25
    assert stat.S_IMODE((tmp_path / "still.png").stat().st_mode) == 0o600


def test_beyond_the_end_it_shows_the_last_picture(tmp_path: Path) -> None:
    still(clip(tmp_path / "clip.mp4"), tmp_path / "still.png", 99.0, 1000)
    assert number(tmp_path / "still.png") == 39


def test_it_is_no_larger_than_asked_for(tmp_path: Path) -> None:
    still(clip(tmp_path / "clip.mp4", 1), tmp_path / "still.png", 0.0, 96)
    assert cv2.imread(str(tmp_path / "still.png")).shape == (HEIGHT * 96 // WIDTH, 96, 3)


def test_a_still_far_from_a_key_picture_is_early_rather_than_late(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", 30, key_every=300)
    still(path, tmp_path / "still.png", 29.0, 1000)
    assert number(tmp_path / "still.png") == 200


def test_a_clip_that_cannot_be_read_has_no_still(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"nothing of ours")
    assert still(tmp_path / "clip.mp4", tmp_path / "still.png", 0.0, 320) is None
    assert not (tmp_path / "still.png").exists()
