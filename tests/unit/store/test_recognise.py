from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Exit
from smartlogd.schema.migrate import create, head
from smartlogd.store.recognise import reading, version_of


def ours(path: Path, *changes: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        create(connection)
        for change in changes:
            connection.execute(change)
        connection.commit()
    return path


def fingerprint(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_ours_is_known_by_its_version(tmp_path: Path) -> None:
    assert version_of(ours(tmp_path / "a.db")) == head()


def test_nothing_an_empty_file_and_an_empty_database_are_places_for_a_new_log(tmp_path: Path) -> None:
    assert version_of(tmp_path / "none.db") is None
    (tmp_path / "empty.db").touch()
    assert version_of(tmp_path / "empty.db") is None
    with closing(sqlite3.connect(tmp_path / "bare.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert version_of(tmp_path / "bare.db") is None


@pytest.mark.parametrize("content", [b"dear diary", b"dear diary" * 1000, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "smartlog.db"
    path.write_bytes(content)
    with pytest.raises(DiskTrouble, match="is not a database") as caught:
        version_of(path)
    assert caught.value.code == Exit.DISK
    assert caught.value.hint
    assert path.read_bytes() == content


@pytest.mark.parametrize("mark", [0, 7])
def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path, mark: int) -> None:
    path = tmp_path / "smartlog.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {mark}")
        connection.execute("CREATE TABLE bookmarks (url)")
    before = fingerprint(tmp_path)
    with pytest.raises(DiskTrouble, match="of another program") as caught:
        version_of(path)
    assert "Nothing was changed" in caught.value.hint
    assert fingerprint(tmp_path)["smartlog.db"] == before["smartlog.db"]


def test_a_newer_smartlogds_database_is_refused(tmp_path: Path) -> None:
    path = ours(tmp_path / "a.db", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DiskTrouble, match=r"written by a newer smartlogd .*'9999'") as caught:
        version_of(path)
    assert "nothing was changed" in caught.value.hint


def test_tables_without_a_version_are_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="no version of its tables") as caught:
        version_of(ours(tmp_path / "a.db", "DROP TABLE alembic_version"))
    assert "stamp head" in caught.value.hint


def test_a_directory_in_its_place_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble):
        version_of(tmp_path)


def test_a_reading_connection_cannot_write(tmp_path: Path) -> None:
    with (
        closing(reading(ours(tmp_path / "a.db"))) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM meta")


def test_a_path_with_odd_characters_is_opened(tmp_path: Path) -> None:
    path = ours(tmp_path / "a ?#%41 ü.db")
    assert version_of(path) == head()


def test_a_log_on_a_read_only_disk_can_be_read(small_disk, turn_read_only) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk("size=2m")
    with closing(sqlite3.connect(ours(disk / "a.db"))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    turn_read_only(disk)
    assert version_of(disk / "a.db") == head()
