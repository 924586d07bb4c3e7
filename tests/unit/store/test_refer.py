"""Saved rows point at the same people and devices as they did at home."""

from __future__ import annotations

import sqlite3

from smartlogd.store.refer import References
from smartlogd.store.shape import shape_of

USER = (7, "uid-7", None, "Resident", "member", 1, 1, None, None)


def test_someone_who_is_here_under_another_id_stays_the_same_person(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (1, 'uid-7', 'member', 0, 0)")
    database.execute("INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (7, 'other', 'member', 0, 0)")
    references = References(database, device="door", at_us=5)
    references.insert(shape_of(database, "users"), [USER])
    row = (3, 7, "u", "I", 9, None, None, "e", None, None, None, None, None, None, None)
    assert references.insert(shape_of(database, "smartlog"), [row]) == 1
    assert database.execute("SELECT user_id FROM smartlog").fetchone() == (1,)


def test_a_number_that_is_taken_is_not_taken_away_and_twice_is_once(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (1, 'a', 'owner', 0, 0)")
    smartlog = shape_of(database, "smartlog")
    references = References(database, device="door", at_us=5)
    rows = [(1, None, "u", "I", 9, None, None, f"e{n}", *(None,) * 7) for n in range(2)]
    assert [references.insert(smartlog, [row]) for row in (*rows, *rows)] == [1, 1, 0, 0]
    assert {id_ for (id_,) in database.execute("SELECT id FROM smartlog")} == {1, 2}


def test_lost_people_and_devices_get_placeholders_and_the_device_its_name(database: sqlite3.Connection) -> None:
    references = References(database, device="door", at_us=5)
    database.execute("PRAGMA foreign_keys = OFF")
    event = (1, 4, "crossing", 9, "{}", None, "e", 6, None, 5, None, None, None, None)
    references.insert(shape_of(database, "events"), [event])
    face = ("f", "s", None, "m", b"v", 0.5, "track", 1)
    references.insert(shape_of(database, "face_templates"), [face])
    assert references.completed() == 4
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.execute("SELECT id, name FROM devices").fetchall() == [(6, "door")]
    assert database.execute("SELECT id, role FROM users ORDER BY id").fetchall() == [(4, "owner"), (5, "member")]
    assert database.execute("SELECT uuid FROM subjects").fetchall() == [("s",)]


def test_a_database_in_use_keeps_its_own_outbox_and_facts(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (1, 'a', 'owner', 0, 0)")
    references = References(database, device="door", at_us=5)
    assert references.insert(shape_of(database, "meta"), [("cursor", 5)]) == 0
    assert references.insert(shape_of(database, "outbox"), [(1, "event", "1", 1, 0)]) == 0
