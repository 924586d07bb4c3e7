"""Files on a real disk; what each room says of them is tried with the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.base.files import UNFINISHED, place, private_bytes, sync_file, sync_folder, write_new


def test_a_file_is_private_and_so_is_the_folder_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one"
    place(path, b"first")
    place(path, b"second")
    assert path.read_bytes() == b"second"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert not list(path.parent.glob(f"{UNFINISHED}*"))


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(OSError, match="one"):
        place(tmp_path / "one", b"a folder stands there")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_new_file_takes_nobodys_place(tmp_path: Path) -> None:
    write_new(tmp_path / "one", b"mine")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "one", b"yours")
    assert (tmp_path / "one").read_bytes() == b"mine"


def test_a_file_that_others_could_read_is_closed_to_them_and_said_to_have_been_open(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"secret")
    path.chmod(0o644)
    assert private_bytes(path, 100) == (b"secret", True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert private_bytes(path, 3) == (b"sec", False)
    assert private_bytes(tmp_path / "none", 100) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    with pytest.raises(OSError, match="link"):
        private_bytes(tmp_path / "link", 100)


def test_syncing_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"content")
    before = len(list(Path("/proc/self/fd").iterdir()))
    sync_folder(tmp_path)
    sync_file(tmp_path / "one")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
