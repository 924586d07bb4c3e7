from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.base.who import Template
from smartlogd.schema.instants import micros
from smartlogd.store.crops import keep_crop
from smartlogd.store.keys import Keys
from smartlogd.store.retention import Swept, erase_faces, purge, sweep
from smartlogd.store.templates import keep

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
JPEG = b"\xff\xd8the face of someone in pixels\xff\xd9"
Face = Callable[..., Template]
Seen = Callable[..., UUID]
Known = Callable[..., Any]
Shown = Callable[..., UUID]


def ago_us(**span: float) -> int:
    return micros(NOW - dt.timedelta(**span))


@pytest.fixture
def keys(folder: Path) -> Keys:
    return Keys.open(folder)


@pytest.fixture
def shown(database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face) -> Shown:
    """Someone who showed a face so many days ago: seen, remembered, with a picture."""

    def made(days: float, **told: Any) -> UUID:
        subject = seen(at_us=ago_us(days=days), **told)
        keep(database, keys, face(), subject=subject, source="track", at_us=0)
        keep_crop(database, folder / "faces", subject, JPEG, NOW - dt.timedelta(days=days))
        return subject

    return made


def remembered(database: sqlite3.Connection) -> set[str]:
    return {uuid for (uuid,) in database.execute("SELECT DISTINCT subject FROM face_templates")}


def test_pictures_go_after_hours_and_strangers_faces_after_days(
    database: sqlite3.Connection, folder: Path, keys: Keys, shown: Shown
) -> None:
    today, lately, long_ago = shown(0.5), shown(10), shown(15)
    rows = database.execute("SELECT * FROM smartlog").fetchall()
    assert sweep(database, keys, folder, NOW, crop_keep_h=72, stranger_keep_d=14) == Swept(2, 1, 1, 1)
    assert remembered(database) == {str(today), str(lately)}
    assert keys.owners() == {today, lately}
    assert [path.stem for path in (folder / "faces").iterdir()] == [str(today)]
    assert database.execute("SELECT count(*) FROM subjects").fetchone() == (3,)
    assert database.execute("SELECT * FROM smartlog").fetchall() == rows, "the log is no matter of retention"
    assert long_ago not in keys.owners()
    assert sweep(database, keys, folder, NOW, crop_keep_h=72, stranger_keep_d=14) == Swept(0, 0, 0, 0)


def test_a_stranger_was_seen_when_any_of_its_merged_subjects_was(
    database: sqlite3.Connection, folder: Path, keys: Keys, shown: Shown, seen: Seen
) -> None:
    regular = shown(30)
    seen(into=regular, at_us=ago_us(days=1))
    gone = shown(30)
    shown(20, into=gone)
    assert purge(database, keys, folder, NOW - dt.timedelta(days=14)) == Swept(2, 2, 2, 1)
    assert remembered(database) == {str(regular)}


def test_who_has_a_name_is_no_stranger(
    database: sqlite3.Connection, folder: Path, keys: Keys, shown: Shown, known: Known, face: Face
) -> None:
    resident, uid = known()
    named = shown(100, user_id=resident)
    shown(100, into=named)
    keep(database, keys, face(), user=uid, source="photo", at_us=0)
    assert purge(database, keys, folder, NOW) == Swept(0, 0, 0, 0)
    assert len(keys.owners()) == 3


def test_keys_that_seal_nothing_go(
    database: sqlite3.Connection, folder: Path, keys: Keys, known: Known, face: Face
) -> None:
    _, uid = known()
    keep(database, keys, face(), user=uid, source="photo", at_us=0)
    keys.made(uuid4())
    assert sweep(database, keys, folder, NOW, crop_keep_h=1, stranger_keep_d=1) == Swept(0, 0, 1, 0)
    assert keys.owners() == {uid}


def test_what_is_erased_stands_nowhere_in_the_folder_any_more(
    database: sqlite3.Connection, folder: Path, keys: Keys, shown: Shown
) -> None:
    gone, stays = shown(1), shown(2)
    sealed, others = (
        database.execute("SELECT vector FROM face_templates WHERE subject = ?", (str(one),)).fetchone()[0]
        for one in (gone, stays)
    )
    key = (folder / "keys" / f"{gone}.key").read_bytes()
    (folder / "faces" / f"{stays}.jpg").write_bytes(b"\xff\xd8another")

    def found(needle: bytes) -> bool:
        return any(needle in path.read_bytes() for path in folder.rglob("*") if path.is_file())

    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(found(needle) for needle in (sealed, others, key, JPEG))
    database.execute("BEGIN IMMEDIATE")
    assert erase_faces(database, keys, folder, [str(gone)]) == (1, 1, 1)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert found(others)
    assert not any(found(needle) for needle in (sealed, sealed[4:20], key, key[28:], JPEG))
