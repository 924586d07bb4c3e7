from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from reels import files, shelved, wanted

import smartlogd.store.room
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.birth import arrive
from smartlogd.store.crops import keep_crop
from smartlogd.store.engine import transaction
from smartlogd.store.room import Relieved, free_bytes, is_cramped, relieve
from smartlogd.store.rows import Origin
from smartlogd.store.tables import make_tables

MIB = 1024 * 1024
Kept = Callable[..., Path]


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=uuid4(), start=at)


@pytest.fixture
def kept(database: sqlite3.Connection, folder: Path, here: Origin) -> Kept:
    """Makes a clip or snapshot of one MiB, of so many days ago; gives its file."""

    def made(days: int, *, phase: str = "kept", table: str = "clips", path: str | None = None) -> Path:
        path = path or f"spool/{uuid4()}"
        file = folder / path
        if file.resolve().is_relative_to(folder):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(bytes(MIB))
        at, extra = ("start_ts, duration_ms", (0, 1)) if table == "clips" else ("ts", (0,))
        values = (here.owner_id, here.device_id, str(uuid4()), path, "[]", phase, -days, *extra[1:])
        database.execute(
            f"INSERT INTO {table} (user_id, device_id, event_id, path, labels, phase, {at}) VALUES"
            f" ({', '.join('?' * len(values))})",
            values,
        )
        return file

    return made


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[float], None]:
    """Lets the disk have so many MiB left, and as many more as files went: no test can fill a disk of gigabytes."""

    def has(mib: float) -> None:
        def files() -> int:
            return sum(
                file.stat().st_size for file in folder.rglob("*") if file.parent.name in {"spool", "faces", "clips"}
            )

        before = files()
        monkeypatch.setattr(smartlogd.store.room, "free_bytes", lambda _: round(mib * MIB) + before - files())

    return has


def losses(database: sqlite3.Connection) -> list[dict[str, object]]:
    found = database.execute("SELECT data FROM events WHERE type = 'loss' ORDER BY id")
    return [json.loads(data) for (data,) in found]


def phases(database: sqlite3.Connection, table: str = "clips") -> list[tuple[str, bool]]:
    return database.execute(f"SELECT phase, path IS NULL FROM {table} ORDER BY id").fetchall()


def test_copies_of_what_was_sent_go_first_and_are_no_loss(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, kept: Kept, left: Callable[[float], None]
) -> None:
    unsent, sent, newer = kept(9), kept(5, phase="uploaded"), kept(1, phase="uploaded", table="snapshots")
    left(9)
    assert relieve(database, here, folder, at, 10) == Relieved(1, MIB, 0)
    assert (unsent.exists(), sent.exists(), newer.exists()) == (True, False, True)
    assert phases(database) == [("kept", False), ("uploaded", True)]
    assert losses(database) == []
    assert not is_cramped(folder, 10)


def test_the_oldest_that_were_never_sent_are_lost_and_told(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, kept: Kept, left: Callable[[float], None]
) -> None:
    files = [kept(3), kept(9), kept(8, table="snapshots"), kept(1)]
    left(8)
    assert is_cramped(folder, 10)
    assert relieve(database, here, folder, at, 10) == Relieved(2, 2 * MIB, 2)
    assert [file.exists() for file in files] == [True, False, False, True]
    assert phases(database) == [("kept", False), ("lost", True), ("kept", False)]
    assert phases(database, "snapshots") == [("lost", True)]
    told = losses(database)
    assert [(loss["what"], loss["count"], loss["bytes"]) for loss in told] == [("clips", 1, MIB), ("snapshots", 1, MIB)]
    assert told[0]["from"] == told[0]["to"] == "1969-12-31T23:59:59.999991+00:00"


def test_pictures_go_last_and_only_when_hardly_any_room_is_left(
    database: sqlite3.Connection,
    folder: Path,
    here: Origin,
    at: Stamp,
    seen: Callable[..., UUID],
    left: Callable[[float], None],
) -> None:
    old, new = seen(), seen()
    for who, days in ((old, 2), (new, 1)):
        keep_crop(database, folder / "faces", who, b"\xff\xd8" + bytes(1000), at.utc - dt.timedelta(days=days))
    left(3)
    assert relieve(database, here, folder, at, 10) == Relieved(0, 0, 0)
    left(2.5 - 500 / MIB)
    assert relieve(database, here, folder, at, 10) == Relieved(1, 1002, 1)
    assert [file.stem for file in (folder / "faces").iterdir()] == [str(new)]
    assert [(loss["what"], loss["count"], loss["bytes"]) for loss in losses(database)] == [("pictures", 1, 1002)]
    pointed = database.execute("SELECT uuid FROM subjects WHERE best_crop IS NOT NULL").fetchall()
    assert pointed == [(str(new),)]


def test_events_never_go_and_with_nothing_else_to_give_up_nothing_goes(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, left: Callable[[float], None]
) -> None:
    database.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES ('u', 'I', 0)")
    left(0)
    assert relieve(database, here, folder, at, 10) == Relieved(0, 0, 0)
    assert database.execute("SELECT count(*) FROM smartlog").fetchone() == (1,)


def test_a_file_that_is_gone_already_is_noted_and_one_outside_the_folder_is_let_be(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, kept: Kept, left: Callable[[float], None]
) -> None:
    kept(9).unlink()
    outside = folder.parent / "other"
    outside.write_text("not ours")
    kept(8, path="../other")
    left(0)
    assert relieve(database, here, folder, at, 10).lost == 2
    assert outside.exists()
    assert phases(database) == [("lost", True)] * 2


def test_a_really_full_disk_is_relieved(
    small_disk: Callable[[str], Path], fill: Callable[[Path], Path], at: Stamp
) -> None:
    disk = small_disk("size=4m")
    make_tables(disk / "smartlog.db")
    with transaction(disk / "smartlog.db") as connection:
        here = arrive(connection, device="door", version="0", boot=uuid4(), start=at)
        connection.execute(
            "INSERT INTO clips (user_id, device_id, event_id, path, labels, phase, start_ts, duration_ms)"
            " VALUES (1, 1, 'e', 'clip', '[]', 'kept', ?, 1)",
            (micros(at.utc),),
        )
    (disk / "clip").write_bytes(bytes(MIB))
    with transaction(disk / "smartlog.db") as connection:
        fill(disk)
        assert free_bytes(disk) < 4096
        assert relieve(connection, here, disk, at, 1) == Relieved(1, MIB, 1)
        assert len(losses(connection)) == 1


def test_a_still_goes_with_its_clip_and_a_link_with_both(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, left: Callable[[float], None]
) -> None:
    sent, unsent = wanted(at), wanted(at)
    shelved(database, here, folder, sent, phase="uploaded", size=MIB)
    shelved(database, here, folder, unsent, size=MIB)
    database.execute("UPDATE clips SET share_token_hash = 'x', share_expires_at = 1")
    left(0.5)
    assert relieve(database, here, folder, at, 10) == Relieved(2, 2 * (MIB + 100), 1)
    assert files(folder) == set()
    columns = "phase, path IS NULL, preview_png IS NULL, share_token_hash IS NULL"
    assert database.execute(f"SELECT {columns} FROM clips ORDER BY id").fetchall() == [
        ("uploaded", 1, 0, 0),  # its still and its link are where it is
        ("lost", 1, 1, 1),
    ]
