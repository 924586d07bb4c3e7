from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.errors import Exit, Fate
from smartlogd.store.trouble import DISK_FULL, READ_ONLY, StoreTrouble, file_trouble, sqlite_trouble, told


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


@pytest.mark.parametrize(
    ("code", "word", "exit_code"),
    [
        (sqlite3.SQLITE_FULL, DISK_FULL, Exit.DISK),
        (sqlite3.SQLITE_READONLY, READ_ONLY, Exit.PERMISSION),
        (sqlite3.SQLITE_READONLY_DBMOVED, "away", Exit.DISK),
        (sqlite3.SQLITE_BUSY, "locked", Exit.DISK),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked", Exit.DISK),
        (sqlite3.SQLITE_CORRUPT, "damaged", Exit.DISK),
        (sqlite3.SQLITE_NOTADB, "damaged", Exit.DISK),
        (sqlite3.SQLITE_CANTOPEN, "away", Exit.DISK),
        (sqlite3.SQLITE_IOERR_FSYNC, "disk error", Exit.DISK),
    ],
)
def test_what_sqlite_complains_of_has_one_word(tmp_path: Path, code: int, word: str, exit_code: Exit) -> None:
    trouble = sqlite_trouble(sqlite_error(code), tmp_path)
    assert trouble is not None
    assert (trouble.word, trouble.code, trouble.fate) == (word, exit_code, Fate.RETRY)
    assert str(tmp_path) in trouble.what
    assert trouble.hint


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, DISK_FULL), (errno.EDQUOT, DISK_FULL), (errno.EROFS, READ_ONLY), (errno.EACCES, "denied"),
        (errno.ENOENT, "away"), (errno.EIO, "disk error"),
    ],
)  # fmt: skip
def test_what_the_file_system_complains_of_has_one_word(tmp_path: Path, number: int, word: str) -> None:
    assert file_trouble(OSError(number, "words"), tmp_path).word == word


def test_an_input_output_error_on_a_disk_without_room_is_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    cramped = type("Disk", (), {"f_bavail": 3, "f_frsize": 4096, "f_flag": 0})
    monkeypatch.setattr("os.statvfs", lambda _folder: cramped)
    trouble = sqlite_trouble(sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), Path("/nowhere"))
    assert trouble is not None
    assert trouble.word == DISK_FULL


def test_a_database_that_cannot_be_opened_in_a_folder_one_may_not_write_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _folder, _mode: False)  # root may write everywhere
    trouble = sqlite_trouble(sqlite_error(sqlite3.SQLITE_CANTOPEN), tmp_path)
    assert trouble is not None
    assert (trouble.word, trouble.code) == ("denied", Exit.PERMISSION)


def test_an_input_output_error_on_a_disk_that_turned_read_only_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    worn = type("Disk", (), {"f_bavail": 10**6, "f_frsize": 4096, "f_flag": 1})
    monkeypatch.setattr("os.statvfs", lambda _folder: worn)
    trouble = sqlite_trouble(sqlite_error(sqlite3.SQLITE_IOERR_WRITE), Path("/somewhere"))
    assert trouble is not None
    assert trouble.word == READ_ONLY


def test_a_folder_that_is_gone_is_not_called_full() -> None:
    trouble = sqlite_trouble(sqlite_error(sqlite3.SQLITE_IOERR), Path("/nowhere/at/all"))
    assert trouble is not None
    assert trouble.word == "disk error"


def test_a_mistake_in_the_program_is_no_trouble_of_the_disk(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table") as caught, told(tmp_path):
            connection.execute("SELECT * FROM nowhere")
        assert sqlite_trouble(caught.value, tmp_path) is None


def test_both_kinds_are_told_alike(tmp_path: Path) -> None:
    with pytest.raises(StoreTrouble, match="moved, deleted"), told(tmp_path):
        (tmp_path / "none").open()
    with pytest.raises(StoreTrouble, match="moved, deleted"), told(tmp_path):
        sqlite3.connect(f"file:{tmp_path}/none?mode=ro", uri=True)
