"""Recordings go for their age and for their size, the oldest first, copies before what was never sent."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from reels import files, shelved, wanted

from smartlogd.base.known import Medium
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.birth import arrive
from smartlogd.store.options import StoreOptions
from smartlogd.store.rows import Origin
from smartlogd.store.thin import Thinned, is_due, taken_bytes, thin

DAY_S, MIB = 86_400, 1024 * 1024


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


def thinned(
    database: sqlite3.Connection, here: Origin, now: Stamp, folder: Path, *, has_locker: bool = False, **options: Any
) -> Thinned:
    asked = StoreOptions(**options)
    due = is_due(database, folder, now, asked, has_locker=has_locker)
    done = thin(database, here, folder, now, asked, has_locker=has_locker)
    assert due == (done != Thinned())
    return done


def phases(database: sqlite3.Connection) -> list[tuple[str, bool]]:
    return [
        (phase, bool(gone)) for phase, gone in database.execute("SELECT phase, path IS NULL FROM clips ORDER BY id")
    ]


def losses(database: sqlite3.Connection) -> list[dict[str, Any]]:
    return [json.loads(data) for (data,) in database.execute("SELECT data FROM events WHERE type = 'loss' ORDER BY id")]


def test_what_was_kept_long_enough_goes_with_its_still_and_is_no_loss(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    for days, phase in ((31, "kept"), (31, "uploaded"), (29, "kept"), (31, "planned")):
        shelved(database, here, folder, wanted(at.shifted(-days * DAY_S)), phase=phase)
    shelved(database, here, folder, wanted(at.shifted(-31 * DAY_S), medium=Medium.SNAPSHOT))
    assert thinned(database, here, at, folder, media_keep_d=30) == Thinned(aged=3)
    assert phases(database) == [("lost", True), ("uploaded", True), ("kept", False), ("planned", False)]
    assert len(files(folder)) == 2
    assert losses(database) == []
    assert thinned(database, here, at, folder, media_keep_d=30) == Thinned()


def test_what_waits_for_an_object_store_waits_however_old_it_is(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at.shifted(-100 * DAY_S)))
    shelved(database, here, folder, wanted(at.shifted(-99 * DAY_S)), phase="uploaded")
    assert thinned(database, here, at, folder, has_locker=True, media_keep_d=30) == Thinned(aged=1)
    assert phases(database) == [("kept", False), ("uploaded", True)]
    assert thinned(database, here, at, folder, has_locker=True, media_keep_d=30) == Thinned()


def test_a_clock_that_is_not_trusted_lets_nothing_go_for_its_age(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    shelved(database, here, folder, wanted(at))
    ahead = Stamp(at.mono_ns, at.utc.replace(year=2090), trusted=False)
    assert thinned(database, here, ahead, folder, media_keep_d=1) == Thinned()
    assert thinned(database, here, at.shifted(100 * DAY_S), folder, media_keep_d=0) == Thinned(), "0 keeps all"
    assert phases(database) == [("kept", False)]


def test_of_what_takes_too_much_room_copies_go_first_then_the_oldest_and_that_is_a_loss(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    for hours, phase in ((9, "kept"), (5, "uploaded"), (8, "kept"), (1, "kept")):
        shelved(database, here, folder, wanted(at.shifted(-3600 * hours)), phase=phase, size=MIB)
    assert taken_bytes(folder) == 4 * MIB + 4 * 100, "stills are counted"
    assert thinned(database, here, at, folder, media_most_mib=5) == Thinned()
    assert thinned(database, here, at, folder, media_most_mib=4) == Thinned(squeezed=1)
    assert phases(database) == [("kept", False), ("uploaded", True), ("kept", False), ("kept", False)]
    assert losses(database) == []
    assert thinned(database, here, at, folder, media_most_mib=2) == Thinned(squeezed=2)
    assert phases(database) == [("lost", True), ("uploaded", True), ("lost", True), ("kept", False)]
    (loss,) = losses(database)
    assert (loss["what"], loss["count"], loss["bytes"]) == ("clips", 2, 2 * (MIB + 100))
    assert taken_bytes(folder) == MIB + 100
    assert thinned(database, here, at, folder, media_most_mib=0) == Thinned(), "0 sets no bound"


def test_many_go_some_at_a_time(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> None:
    for n in range(60):
        shelved(database, here, folder, wanted(at.shifted(n - 40 * DAY_S)))
    steps = [thinned(database, here, at, folder).aged for _ in range(3)]
    assert steps == [50, 10, 0]
    assert files(folder) == set()


def test_links_that_are_over_are_forgotten(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> None:
    shelved(database, here, folder, wanted(at))
    shelved(database, here, folder, wanted(at))
    for id_, hours in ((1, -1), (2, 1)):
        until = micros(at.shifted(3600 * hours).utc)
        link = "UPDATE clips SET share_token_hash = 'x', share_expires_at = ?, share_uses_left = 1 WHERE id = ?"
        database.execute(link, (until, id_))
    assert is_due(database, folder, at, StoreOptions(), has_locker=False)
    thin(database, here, folder, at, StoreOptions(), has_locker=False)
    assert database.execute("SELECT share_token_hash, share_uses_left FROM clips ORDER BY id").fetchall() == [
        (None, None), ("x", 1),
    ]  # fmt: skip
    assert not is_due(database, folder, at, StoreOptions(), has_locker=False)
