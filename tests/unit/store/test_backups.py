"""Copies of the log that the device makes by itself."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import smartlogd.store.backup
from smartlogd.base.errors import DiskTrouble, Missing
from smartlogd.base.time import Stamp
from smartlogd.store.backups import FOLDER, backups, copied, forgotten

NIGHT = dt.datetime(2027, 3, 7, 3, 30, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)
Village = Any


def test_the_newest_few_stay(village: Village) -> None:
    for week in range(4):
        made = copied(village.folder, NIGHT + week * WEEK, keep=2, keep_free_mib=0)
    assert [path.name for path in backups(village.folder)] == [
        "smartlog-20270321T033000Z.db",
        "smartlog-20270328T033000Z.db",
    ]
    assert made.path == backups(village.folder)[-1]
    assert (made.path.stat().st_mode & 0o777, made.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with closing(sqlite3.connect(made.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_whatever_else_lies_there_is_left_alone(village: Village) -> None:
    (village.folder / FOLDER).mkdir()
    mine = village.folder / FOLDER / "before the party.db"
    mine.write_bytes(b"mine")
    copied(village.folder, NIGHT, keep=1, keep_free_mib=0)
    assert forgotten(village.folder) == 1
    assert mine.exists()
    assert backups(village.folder) == []


def test_where_there_is_no_room_no_copy_is_made(village: Village) -> None:
    with pytest.raises(DiskTrouble, match="no room for a copy"):
        copied(village.folder, NIGHT, keep=2, keep_free_mib=1_000_000_000)
    assert backups(village.folder) == []


def test_without_a_log_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert backups(tmp_path) == []
    with pytest.raises((Missing, DiskTrouble)):
        copied(tmp_path, NIGHT, keep=2, keep_free_mib=0)


def test_whoever_is_forgotten_is_in_no_copy(village: Village) -> None:
    village.enrolled("Anna", 1)
    copied(village.folder, NIGHT, keep=2, keep_free_mib=0)
    village.change("forget", name="Anna")
    assert backups(village.folder) == []


def test_a_copy_that_was_begun_before_somebody_was_forgotten_is_made_again(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.enrolled("Anna", 1)
    whole: Callable[..., Any] = smartlogd.store.backup.back_up
    made = 0

    def slow(folder: Path, file: Path) -> Any:
        nonlocal made
        made += 1
        backup = whole(folder, file)
        if made == 1:
            village.change("forget", name="Anna")
        return backup

    monkeypatch.setattr(smartlogd.store.backup, "back_up", slow)
    backup = copied(village.folder, NIGHT, keep=2, keep_free_mib=0)
    assert made == 2
    with closing(sqlite3.connect(backup.path)) as connection:
        assert connection.execute("SELECT count(*) FROM users WHERE name = 'Anna'").fetchone() == (0,)


def test_people_who_are_forgotten_all_the_while_leave_no_copy(
    village: Village, monkeypatch: pytest.MonkeyPatch, at: Stamp
) -> None:
    whole: Callable[..., Any] = smartlogd.store.backup.back_up

    def slow(folder: Path, file: Path) -> Any:
        backup = whole(folder, file)
        village.enrolled("Anna", 1)
        village.change("forget", name="Anna")
        return backup

    monkeypatch.setattr(smartlogd.store.backup, "back_up", slow)
    with pytest.raises(DiskTrouble, match="forgotten all the while"):
        copied(village.folder, NIGHT, keep=2, keep_free_mib=0)
    assert backups(village.folder) == []
