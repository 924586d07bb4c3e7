from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.sync import private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_placed_file_is_its_owners_alone_and_so_is_a_folder_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "made" / "fleet.json"
    private.place(path, b"one")
    assert private.read(path) == b"one"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_file_is_replaced_whole_and_nothing_unfinished_stays(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    private.place(path, b"one")
    private.place(path, b"two")
    assert private.read(path) == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["fleet.json"]


def test_a_new_file_is_never_made_over_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    private.make(path, b"one")
    with pytest.raises(DiskTrouble, match="exists"):
        private.make(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "fleet.json"
    path.write_bytes(b"one")
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert private.read(path) == b"one"
    assert mode(path) == 0o600
    assert [record.message for record in caplog.records] == ["secret could be read by others"]


def test_no_file_is_no_trouble_and_a_link_is(tmp_path: Path) -> None:
    assert private.read(tmp_path / "none") is None
    (tmp_path / "link").symlink_to(tmp_path / "none")
    with pytest.raises(DiskTrouble, match="link"):
        private.read(tmp_path / "link")


def test_a_file_larger_than_any_of_ours_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(private.MOST_BYTES + 1))
    with pytest.raises(DiskTrouble, match="larger"):
        private.read(tmp_path / "large")


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskTrouble, match="cannot be read or written"):
        private.place(tmp_path / "file" / "fleet.json", b"one")
    (tmp_path / "fleet.json").mkdir()
    with pytest.raises(DiskTrouble):
        private.place(tmp_path / "fleet.json", b"one")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "fleet.json"]


def test_removing_says_whether_there_was_something(tmp_path: Path) -> None:
    private.place(tmp_path / "one", b"")
    assert private.remove(tmp_path / "one")
    assert not private.remove(tmp_path / "one")
