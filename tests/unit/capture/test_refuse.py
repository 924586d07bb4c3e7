from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.errors import Exit, Missing, UnusableInput
from smartlogd.capture.refuse import refuse_unusable


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"There is no file .*clip\.mp4") as raised:
        refuse_unusable(tmp_path / "clip.mp4")
    assert raised.value.code is Exit.MISSING
    assert raised.value.hint


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="is not a file"):
        refuse_unusable(tmp_path)


def test_an_empty_file_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    with pytest.raises(UnusableInput, match="is empty"):
        refuse_unusable(tmp_path / "clip.mp4")


def test_a_path_below_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    with pytest.raises(Missing):
        refuse_unusable(tmp_path / "clip.mp4" / "more.mp4")


def test_a_path_that_is_too_long_is_said_to_be_unusable(tmp_path: Path) -> None:
    with pytest.raises((UnusableInput, Missing)):
        refuse_unusable(tmp_path / ("x" * 5000))


def test_a_file_with_content_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    refuse_unusable(tmp_path / "clip.mp4")
