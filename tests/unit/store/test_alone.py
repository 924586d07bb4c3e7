"""Changes while no daemon runs."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit, Missing, UnusableInput
from smartlogd.base.time import SystemClock
from smartlogd.schema.migrate import upgrade
from smartlogd.store.alone import changed_alone
from smartlogd.store.changes import understood
from smartlogd.store.engine import make_folder
from smartlogd.store.lock import FolderLock, FolderTaken

Village = Any


def test_people_may_be_enrolled_before_the_first_start(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    told = changed_alone(folder, understood("enrol", {"name": "Anna"}), SystemClock())
    assert told["is_new"] is True
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "smartlog.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["forget", "rename"])
def test_nothing_else_makes_a_log_where_there_is_none(tmp_path: Path, what: str) -> None:
    arguments = {"name": "Anna"} | ({"to": "Ana"} if what == "rename" else {})
    with pytest.raises(Missing, match="no log"):
        changed_alone(tmp_path / "state", understood(what, arguments), SystemClock())
    assert not (tmp_path / "state").exists()


def test_where_a_daemon_writes_nothing_is_touched(village: Village) -> None:
    village.enrolled("Anna")
    before = village.ask("SELECT * FROM users")
    lock = FolderLock.take(village.folder)
    with pytest.raises(FolderTaken) as caught:
        village.change("rename", name="Anna", to="Ana")
    assert caught.value.code is Exit.CANNOT_CREATE
    lock.release()
    assert village.ask("SELECT * FROM users") == before
    village.change("rename", name="Anna", to="Ana")


def test_a_change_that_fails_leaves_nothing_half_done_and_the_lock_free(village: Village) -> None:
    village.enrolled("Anna", email="a@example.org")
    with pytest.raises(UnusableInput):
        village.change("enrol", name="Bert", email="a@example.org")
    assert village.ask("SELECT 1 FROM users WHERE name = 'Bert'") == []
    village.enrolled("Bert")


def test_a_log_of_an_older_version_is_brought_up_first(tmp_path: Path) -> None:
    make_folder(tmp_path / "state")
    path = tmp_path / "state" / "smartlog.db"
    upgrade(f"sqlite:///{path}", "0001")
    told = changed_alone(tmp_path / "state", understood("enrol", {"name": "Anna"}), SystemClock())
    assert told["is_new"] is True


def test_what_was_erased_is_not_in_the_wal_file_even_while_others_have_the_log_open(village: Village) -> None:
    with closing(sqlite3.connect(village.path)) as other:
        other.execute("SELECT count(*) FROM users").fetchall()
        village.enrolled("Anna Perenna")
        assert b"Anna Perenna" in (village.folder / "smartlog.db-wal").read_bytes()
        village.change("forget", name="Anna Perenna")
        assert (village.folder / "smartlog.db-wal").read_bytes() == b""
        assert b"Anna Perenna" not in village.bytes()
