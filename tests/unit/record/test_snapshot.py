"""A snapshot always fits, and is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.seen import Pixels
from smartlogd.record.snapshot import MOST_BYTES, NAME, jpeg, newest, placed


def noise(height: int, width: int) -> Pixels:
    """What compresses worst of all."""
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def decoded(encoded: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def test_an_ordinary_picture_keeps_its_size_and_its_colours(grey: Pixels) -> None:
    scene = grey.copy()
    scene[60:180, 80:160] = (220, 40, 30)
    shown = decoded(jpeg(scene))
    assert shown.shape == scene.shape
    assert abs(shown.astype(int) - scene).mean() < 3
    assert shown[120, 120, 0] > 180 > shown[120, 120, 2], "red stays red"


@pytest.mark.parametrize("shape", [(480, 640), (1080, 1920), (4096, 4096), (4096, 64), (1, 4096), (4096, 1), (1, 1)])
def test_no_picture_is_ever_too_large(shape: tuple[int, int]) -> None:
    encoded = jpeg(noise(*shape))
    assert len(encoded) <= MOST_BYTES == 256 * 1024
    high, wide = decoded(encoded).shape[:2]
    assert high / wide == pytest.approx(shape[0] / shape[1], rel=0.02) or min(high, wide) == 1


@pytest.mark.parametrize("most_bytes", [200_000, 20_000, 2_000, 700])
def test_quality_and_then_size_give_way_to_a_smaller_limit(most_bytes: int) -> None:
    encoded = jpeg(noise(480, 640), most_bytes)
    assert most_bytes / 4 < len(encoded) <= most_bytes
    decoded(encoded)


def test_quality_goes_first() -> None:
    picture = noise(480, 640)
    plain = len(jpeg(picture, 10_000_000))
    assert decoded(jpeg(picture, plain // 2)).shape == picture.shape
    assert decoded(jpeg(picture, plain // 10)).shape < picture.shape


def test_what_can_never_fit_is_told() -> None:
    with pytest.raises(UnusableInput, match="100 bytes"):
        jpeg(noise(64, 64), 100)


def test_a_turned_read_only_picture_is_encoded_as_it_is_seen(grey: Pixels) -> None:
    scene = grey.copy()
    scene[:20] = 255
    turned = np.rot90(scene)
    turned.setflags(write=False)
    assert decoded(jpeg(turned)).shape == (320, 240, 3)
    assert decoded(jpeg(turned))[:, 5].mean() > 240


def test_what_was_placed_is_read_back_private_and_alone(tmp_path: Path, grey: Pixels) -> None:
    assert newest(tmp_path) is None
    for shade in (10, 200):
        encoded = jpeg(np.full_like(grey, shade))
        assert placed(tmp_path, encoded) == tmp_path / "snapshot.jpg"
        assert newest(tmp_path) == encoded
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_snapshot_that_cannot_be_placed_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = jpeg(noise(8, 8))
    placed(tmp_path, before)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskTrouble, match="disk is full"):
        placed(tmp_path, jpeg(noise(9, 9)))
    assert newest(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"\xff\xd8\xff half a picture", b"\xff\xd8\xff" + bytes(MOST_BYTES) + b"\xff\xd9"],
    ids=["empty", "no JPEG", "broken off", "too large"],
)
def test_a_file_that_is_none_of_ours_is_given_to_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert newest(tmp_path) is None


def test_neither_a_folder_nor_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jpg").write_bytes(jpeg(noise(8, 8)))
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere.jpg")
    assert newest(tmp_path) is None
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    assert newest(tmp_path) is None


def test_others_may_read_it_no_longer_once_it_was_read(tmp_path: Path) -> None:
    path = placed(tmp_path, jpeg(noise(8, 8)))
    path.chmod(0o644)
    assert newest(tmp_path) is not None
    assert path.stat().st_mode & 0o777 == 0o600
