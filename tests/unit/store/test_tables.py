from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.schema.migrate import head
from smartlogd.store.recognise import version_of
from smartlogd.store.tables import make_tables, upgrade_tables
from smartlogd.store.trouble import StoreTrouble


def test_a_new_database_is_whole_private_and_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    make_tables(path)
    assert version_of(path) == head()
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.execute("INSERT INTO meta VALUES ('key', '1')")
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_database_of_an_earlier_version_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "a ?%20.db"  # a path is no URL: its characters are its own
    with closing(sqlite3.connect(path)):
        pass
    upgrade_tables(path)
    assert version_of(path) == head()


def test_an_upgrade_that_meets_a_damaged_page_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    with pytest.raises(StoreTrouble, match="is damaged"):
        upgrade_tables(path)


def test_no_room_for_the_tables_is_told_in_words(small_disk) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=64k")
    with pytest.raises(StoreTrouble, match="is full"):
        make_tables(disk / "a.db")
    assert version_of(disk / "a.db") is None  # what was begun is taken for the new log that it is
