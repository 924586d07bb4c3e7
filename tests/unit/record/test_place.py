"""A file is there whole, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.record.place import settle, temporary_beside, trouble, write_whole


def test_what_was_written_is_there_and_private(tmp_path: Path) -> None:
    write_whole(tmp_path / "look.png", b"picture")
    assert (tmp_path / "look.png").read_bytes() == b"picture"
    assert (tmp_path / "look.png").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["look.png"]


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "look.png").write_bytes(b"older")
    write_whole(tmp_path / "look.png", b"newer")
    assert (tmp_path / "look.png").read_bytes() == b"newer"


def test_a_link_is_replaced_and_what_it_points_at_is_spared(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "look.png").symlink_to(tmp_path / "precious")
    write_whole(tmp_path / "look.png", b"picture")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_temporary_file_is_hidden_and_beside_its_goal(tmp_path: Path) -> None:
    temporary = temporary_beside(tmp_path / "walk.mp4")
    assert temporary.parent == tmp_path
    assert temporary.name.startswith(".walk.")
    settle(temporary, tmp_path / "walk.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["walk.mp4"]


@pytest.mark.parametrize("where", ["folder", "nowhere/look.png"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DiskTrouble) as caught:
        write_whole(tmp_path / where, b"picture")
    assert caught.value.code == 73


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (errno.ENOSPC, 74, "full"),
        (errno.ENOENT, 73, "no folder"),
        (errno.EACCES, 73, "may not be written"),
        (errno.EIO, 73, "could not be written"),
    ],
)
def test_every_trouble_has_its_sentence_and_its_exit_code(number: int, code: int, word: str) -> None:
    told = trouble(Path("folder/look.png"), OSError(number, "reason"))
    assert (told.code, word in told.what) == (code, True)
