"""Where a replay keeps its rows."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import Event, TrackId
from smartlogd.base.time import Stamp
from smartlogd.cli.keep import kept
from smartlogd.settings import Settings

SHA = "ab" * 32
AT = Stamp(2_000_000_000, dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC), trusted=False)


def entered(settings: Settings) -> Event:
    ids, track = ReplayIds(SHA), TrackId(1)
    name = "person_entered"
    return Event(ids.event(name, track, AT), settings.device.name, name, AT, ids.subject(track, AT), data={"track": 1})


def counted(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_what_was_appended_is_on_the_disk_when_the_block_is_left(tmp_path: Path) -> None:
    settings, path = Settings(), tmp_path / "counted.db"
    async with kept(path, settings, SHA) as journal:
        journal.append(entered(settings))
    assert counted(path, "events") == 1
    assert not (tmp_path / "reserve").exists(), "a replay keeps no room in reserve"


async def test_the_same_footage_twice_adds_neither_an_event_nor_a_start(tmp_path: Path) -> None:
    settings, path = Settings(), tmp_path / "counted.db"
    for _ in range(2):
        async with kept(path, settings, SHA) as journal:
            journal.append(entered(settings))
    assert (counted(path, "events"), counted(path, "boots")) == (1, 1)


async def test_what_was_appended_before_an_error_is_kept(tmp_path: Path) -> None:
    settings, path = Settings(), tmp_path / "counted.db"

    async def broken_off() -> None:
        async with kept(path, settings, SHA) as journal:
            journal.append(entered(settings))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    assert counted(path, "events") == 1


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="is a folder"):
        await kept(tmp_path, Settings(), SHA).__aenter__()
