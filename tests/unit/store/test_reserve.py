from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.store.reserve import Reserve


def test_the_reserve_takes_up_its_room_and_gives_it_back(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, 2)
    assert not reserve.is_whole
    assert reserve.make()
    assert reserve.is_whole
    file = (tmp_path / "reserve").stat()
    assert file.st_size == 2 * 1024 * 1024
    assert file.st_blocks * 512 >= file.st_size  # room really taken, not a sparse promise
    assert file.st_mode & 0o777 == 0o600
    assert reserve.release()
    assert not reserve.release()
    assert not reserve.is_whole


def test_making_it_twice_does_nothing(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, 1)
    assert reserve.make()
    made = (tmp_path / "reserve").stat().st_mtime_ns
    assert reserve.make()
    assert (tmp_path / "reserve").stat().st_mtime_ns == made


def test_no_reserve_is_always_whole_and_gives_nothing(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, 0)
    assert reserve.is_whole
    assert reserve.make()
    assert not reserve.release()
    assert list(tmp_path.iterdir()) == []


def test_the_last_room_is_not_taken(small_disk) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=3m")
    assert not Reserve(disk, 2).make()
    assert list(disk.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_leaves_no_half_reserve(small_disk, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=1m")
    monkeypatch.setattr("os.statvfs", lambda _folder: type("Disk", (), {"f_bavail": 10**6, "f_frsize": 4096}))
    assert not Reserve(disk, 2).make()
    assert list(disk.iterdir()) == []
