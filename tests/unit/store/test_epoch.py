"""After a salvage everything the centre may not have waits for it again."""

from __future__ import annotations

import sqlite3

import pytest

from smartlogd.store.begin import begin
from smartlogd.store.epoch import renewed


@pytest.fixture
def linked(database: sqlite3.Connection) -> sqlite3.Connection:
    """Five events: two from before there was a centre, one acknowledged, one that waits, one refused."""
    database.execute(
        "INSERT INTO users (id, uid, name, role, created_at, updated_at) VALUES (1, 'o', 'o', 'owner', 0, 0)"
    )
    device = "(id, user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
    database.execute(f"INSERT INTO devices {device} VALUES (1, 1, 'door', 'camera', 'offline', '[]', 1, 'old', 9)")
    event = "INSERT INTO events (id, user_id, type, ts, data, event_id, device_id) VALUES (?, 1, 'sit', ?, '{}', ?, 1)"
    database.executemany(event, [(n, n, f"e{n}") for n in range(1, 6)])
    database.execute("INSERT INTO meta VALUES ('acknowledged_after', '2'), ('cursor', '40')")
    database.execute("INSERT INTO outbox (seq, kind, row_id, priority, at) VALUES (8, 'event', '4', 1, 4)")
    database.execute("INSERT INTO dead_letters VALUES (9, 'event', '5', 1, 5, 6, 'why')")
    return database


def waiting(connection: sqlite3.Connection) -> list[str]:
    return [row for (row,) in connection.execute("SELECT row_id FROM outbox WHERE kind = 'event' ORDER BY seq")]


@pytest.mark.parametrize(("is_certain", "left"), [(True, ["4", "6"]), (False, ["3", "4", "6"])])
def test_what_is_not_known_to_be_acknowledged_waits_once_and_history_does_not(
    linked: sqlite3.Connection, left: list[str], *, is_certain: bool
) -> None:
    renewed(linked, is_certain=is_certain)
    linked.execute(
        "INSERT INTO events (id, user_id, type, ts, data, event_id, device_id) VALUES (6, 1, 'loss', 6, '{}', 'e6', 1)"
    )
    assert begin(linked)
    assert sorted(waiting(linked)) == left
    ((epoch, high),) = linked.execute("SELECT epoch, high_seq FROM devices").fetchall()
    assert (epoch != "old", high) == (True, 0)
    assert linked.execute("SELECT 1 FROM meta WHERE key = 'cursor'").fetchone() is None


def test_where_there_was_no_centre_nothing_waits(database: sqlite3.Connection) -> None:
    renewed(database, is_certain=False)
    assert waiting(database) == []
    assert database.execute("SELECT count(*) FROM meta").fetchone() == (0,)
