"""What is deleted goes from the disk, and whoever was forgotten goes with every recording that shows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from reels import files, shelved, wanted
from village import NOON, Village

from smartlogd.base.errors import UnusableInput
from smartlogd.base.known import Medium
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.birth import arrive
from smartlogd.store.discard import delete, is_shut, showing, shut, without_copy
from smartlogd.store.engine import Store, transaction
from smartlogd.store.keys import Keys
from smartlogd.store.options import StoreOptions
from smartlogd.store.outcome import Work
from smartlogd.store.recordings import meant
from smartlogd.store.requests import OfRecording
from smartlogd.store.rows import Origin
from smartlogd.store.shelf import StoreShelf


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


def test_what_is_deleted_is_lost_with_its_files_and_its_link(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    kept, sent, other = wanted(at), wanted(at, medium=Medium.SNAPSHOT, note="her again"), wanted(at)
    for one, phase in ((kept, "kept"), (sent, "uploaded"), (other, "kept")):
        shelved(database, here, folder, one, phase=phase)
    database.execute("UPDATE clips SET share_token_hash = 'x', share_expires_at = 1, share_uses_left = 1")
    work = Work(database, Keys.open(folder), folder, at)
    told = delete(OfRecording(recording=str(kept.id)), work).told
    assert told == {"recording": str(kept.id), "changed": True, "copies": 0, "object": False}
    assert delete(OfRecording(recording=str(sent.id)), work).told["object"] is True
    assert files(folder) == {f"clips/{other.id}.mp4", f"clips/{other.id}.png"}
    row = "SELECT phase, path, preview_png, share_token_hash, share_expires_at, share_uses_left FROM clips"
    assert database.execute(row).fetchall()[0] == ("lost", None, None, None, None, None)
    # Its object is still there: that is what the uploader finds it by.
    uri = f"s3://clips/door/{sent.id}.jpg"
    assert database.execute("SELECT phase, path, note, s3_uri FROM snapshots").fetchall() == [("lost", None, None, uri)]
    assert delete(OfRecording(recording=str(kept.id)), work).told["changed"] is False


def test_what_is_being_made_is_not_deleted(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> None:
    one = wanted(at)
    shelved(database, here, folder, one, phase="planned")
    with pytest.raises(UnusableInput, match="still being made"):
        delete(OfRecording(recording=str(one.id)), Work(database, Keys.open(folder), folder, at))


def test_a_copy_here_goes_and_the_object_stays(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    one = wanted(at)
    shelved(database, here, folder, one, phase="uploaded")
    without_copy(database, folder, meant(database, str(one.id)))
    assert files(folder) == set()
    ((phase, path, uri, still),) = database.execute("SELECT phase, path, s3_uri, preview_png FROM clips").fetchall()
    assert (phase, path) == ("uploaded", None)
    assert uri
    assert still


def shown(database: sqlite3.Connection, subject: UUID, now: Stamp) -> set[str]:
    return {one.id for one in showing(database, None, [str(subject)], micros(now.utc))}


def happened(
    database: sqlite3.Connection, here: Origin, subject: UUID, at: Stamp, end: Stamp | None = None, type_: str = "sit"
) -> UUID:
    id_ = UUID(int=micros(at.utc))
    database.execute(
        "INSERT INTO events (user_id, type, ts, data, event_id, device_id, subject_uuid, ended_at)"
        " VALUES (?, ?, ?, '{}', ?, ?, ?, ?)",
        (here.owner_id, type_, micros(at.utc), str(id_), here.device_id, str(subject), end and micros(end.utc)),
    )
    return id_


def test_they_are_seen_in_what_was_recorded_while_something_happened_to_them(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    who, other = UUID(int=8), UUID(int=9)
    happened(database, here, who, at, at.shifted(60))
    happened(database, here, who, at.shifted(3600), type_="crossing")
    happened(database, here, other, at.shifted(500), type_="crossing")
    during, late, before, after, at_door, others = (
        wanted(at.shifted(30), duration_s=5),
        wanted(at.shifted(64)),
        wanted(at.shifted(-16)),
        wanted(at.shifted(66)),
        wanted(at.shifted(3604), medium=Medium.SNAPSHOT),
        wanted(at.shifted(500)),
    )
    for one in (during, late, before, after, at_door, others):
        shelved(database, here, folder, one)
    assert shown(database, who, at.shifted(9000)) == {str(one.id) for one in (during, late, at_door)}
    assert shown(database, other, at.shifted(9000)) == {str(others.id)}
    assert shown(database, UUID(int=10), at.shifted(9000)) == set()


def test_they_are_seen_in_what_was_recorded_because_of_them(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    who = UUID(int=8)
    cause = happened(database, here, who, at)
    much_later = wanted(at.shifted(100), cause=cause)
    shelved(database, here, folder, much_later)
    assert shown(database, who, at.shifted(200)) == {str(much_later.id)}


def test_who_is_in_the_picture_still_is_in_all_of_it_until_now(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp
) -> None:
    who = UUID(int=8)
    happened(database, here, who, at, type_="person_entered")
    one = wanted(at.shifted(1000))
    shelved(database, here, folder, one)
    assert shown(database, who, at.shifted(2000)) == {str(one.id)}
    assert shown(database, who, at.shifted(2 * 86400)) == set(), "what was never said to be over is over by now"


def recorded(village: Village, minutes: list[int]) -> list[str]:
    with transaction(village.path) as connection:
        ((device, owner),) = connection.execute("SELECT id, user_id FROM devices").fetchall()
        origin = Origin("yard", device, owner, "")
        return [
            shelved(connection, origin, village.folder, wanted(NOON.shifted(60 * minute - 2)), phase=phase)
            for minute, phase in zip(minutes, ("kept", "uploaded", "planned", "kept"), strict=True)
        ]


def test_forgetting_someone_takes_every_recording_that_shows_them(village: Any) -> None:
    anna, bert = village.enrolled("Anna"), village.enrolled("Bert")
    for minute in (1, 10, 20):
        village.recognised(anna, minute)
    village.recognised(bert, 30)
    paths = recorded(village, [1, 10, 20, 30])
    (village.folder / paths[2]).write_bytes(b"being made")
    receipt = village.change("forget", name="Anna")
    assert receipt["recordings"] == 3
    assert files(village.folder) == {paths[3], paths[3].replace(".mp4", ".png")}
    rows = village.ask("SELECT phase, path, s3_uri IS NOT NULL FROM clips ORDER BY id")
    assert rows == [("lost", None, 0), ("lost", None, 1), ("lost", None, 0), ("kept", paths[3], 0)]
    assert village.change("forget", name=anna)["recordings"] == 0
    assert village.ask("SELECT count(*) FROM meta WHERE key = 'forgotten_at'") == [(0,)], "it was a day ago"


async def test_a_recording_that_was_only_wished_for_is_not_planned_once_someone_in_it_is_forgotten(
    opener: Callable[..., Store], running: Callable[[Store], Any], folder: Path, at: Stamp
) -> None:
    async with running(opener()) as store:
        shelf, here = StoreShelf(store, StoreOptions), store.origin
        who, long_gone = str(UUID(int=8)), str(UUID(int=9))

        def seen(connection: sqlite3.Connection) -> None:
            happened(connection, here, UUID(who), at, type_="crossing")
            happened(connection, here, UUID(long_gone), at.shifted(-3600), type_="crossing")
            shut(connection, None, [long_gone], micros(at.shifted(1).utc))

        await store.change(seen)
        await shelf.plan(wanted(at))
        await store.change(lambda connection: shut(connection, None, [who], micros(at.shifted(3).utc)))
        with pytest.raises(UnusableInput, match="Someone was forgotten meanwhile"):
            await shelf.plan(wanted(at.shifted(-5), cause=UUID(int=micros(at.utc))))
        await shelf.plan(wanted(at.shifted(3)))
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        assert connection.execute("SELECT count(*) FROM clips").fetchone() == (2,)


def test_one_who_is_in_the_picture_for_long_was_seen_lately(
    database: sqlite3.Connection, here: Origin, at: Stamp
) -> None:
    who = UUID(int=8)
    happened(database, here, who, at, type_="person_entered")
    shut(database, None, [str(UUID(int=9))], micros(at.shifted(3600).utc))
    assert not is_shut(database, micros(at.utc))
    shut(database, None, [str(who)], micros(at.shifted(3600).utc))
    assert is_shut(database, micros(at.shifted(3599).utc))
    assert not is_shut(database, micros(at.shifted(3600).utc))
