from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from smartlogd.store.places import place, sync_folder
from smartlogd.store.trouble import DISK_FULL, StoreTrouble


def test_a_placed_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place(tmp_path / "inner" / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "inner").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "inner" / "file").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "inner" / "file").read_bytes() == b"content"


def test_an_old_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        place(tmp_path / "file", content)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"new")]


def test_what_does_not_fit_leaves_nothing_and_the_old_file_as_it_was(tmp_path: Path, small_disk: Any) -> None:
    disk = small_disk("size=64k")
    place(disk / "file", b"old")
    with pytest.raises(StoreTrouble) as caught:
        place(disk / "file", b"x" * 200_000)
    assert caught.value.word == DISK_FULL
    assert [(path.name, path.read_bytes()) for path in disk.iterdir()] == [("file", b"old")]


def test_syncing_a_folder_leaves_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    sync_folder(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
