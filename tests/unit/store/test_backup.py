"""A copy is whole, private and without keys; the way back from it begins another epoch."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import DiskTrouble, Missing, UnusableInput
from smartlogd.base.time import SystemClock
from smartlogd.schema.migrate import head, upgrade
from smartlogd.store.backup import back_up, brought_up, restore
from smartlogd.store.lock import FolderTaken
from smartlogd.store.log import passings
from smartlogd.store.recognise import version_of


def epoch(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT epoch FROM devices").fetchone()[0])


async def test_a_copy_beside_a_running_writer_is_whole_private_and_can_be_brought_back(
    opener: Any, running: Any, crossing: Any, folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()
        made = back_up(folder, copy)
        assert (made.events, made.passings) == (1, 1)
        await store.journal.append(crossing(track=2)).durable()
        with pytest.raises(FolderTaken):
            restore(folder, copy, SystemClock())
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".new")] == []
    before = epoch(folder / "smartlog.db")

    aside = restore(folder, copy, SystemClock())
    assert aside is not None
    assert len(passings(folder)) == 1
    assert epoch(folder / "smartlog.db") not in {before, epoch(copy)}
    with closing(sqlite3.connect(aside / "smartlog.db")) as connection:
        assert connection.execute("SELECT count(*) FROM smartlog").fetchone() == (2,)
    async with running(opener()) as store:
        await store.journal.append(crossing()).durable()


def test_an_older_copy_is_brought_up_to_date_on_the_way_back(folder: Path, tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path / 'old.db'}", "0001")
    assert restore(folder, tmp_path / "old.db", SystemClock()) is None
    assert version_of(folder / "smartlog.db") == head()


def test_an_upgrade_leaves_a_copy_from_before(folder: Path) -> None:
    folder.mkdir()
    upgrade(f"sqlite:///{folder / 'smartlog.db'}", "0001")
    done = brought_up(folder, SystemClock())
    assert done is not None
    assert (done[0], version_of(done[1]), version_of(folder / "smartlog.db")) == ("0001", "0001", head())
    assert brought_up(folder, SystemClock()) is None


def test_a_damaged_copy_is_refused_and_the_log_left_alone(
    database: sqlite3.Connection, folder: Path, tmp_path: Path
) -> None:
    path = folder / "smartlog.db"
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with copy.open("r+b") as file:
        file.seek(copy.stat().st_size - 2048)
        file.write(b"\xa5" * 2048)
    content = path.read_bytes()
    with pytest.raises(DiskTrouble, match=r"not whole|damaged"):
        restore(folder, copy, SystemClock())
    assert path.read_bytes() == content


def test_what_cannot_be_meant_is_refused(database: sqlite3.Connection, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no log"):
        back_up(tmp_path, tmp_path / "copy.db")
    with pytest.raises(Missing, match="no folder"):
        back_up(folder, tmp_path / "none" / "copy.db")
    with pytest.raises(UnusableInput, match="the log itself"):
        back_up(folder, folder / "smartlog.db")
    with pytest.raises(Missing, match="no copy"):
        restore(folder, tmp_path / "none.db", SystemClock())
    with pytest.raises(Missing, match="no log"):
        brought_up(tmp_path, SystemClock())
