"""What is saved twice is there once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from smartlogd.schema.migrate import head, upgrade
from smartlogd.store.salvage import saved_into, version_in


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


def test_saving_twice_doubles_nothing(linked: sqlite3.Connection, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    linked.execute("VACUUM INTO ?", (str(copy),))
    linked.execute("PRAGMA foreign_keys = OFF")
    told: list[tuple[str, int]] = []
    for _ in range(2):
        salvage = saved_into(linked, copy, device="door", at_us=0, told=lambda *said: told.append(said))
        assert (salvage.is_whole, salvage.lost, salvage.placeholders) == (True, {}, 0)
        assert salvage.saved["events"] == 0
    assert linked.execute("SELECT count(*) FROM events").fetchone() == (5,)
    assert ("events", 0) in told


def test_the_version_of_a_damaged_file_is_the_newest_where_it_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"\xff" * 8192)
    assert version_in(tmp_path / "noise.db") == head()
    upgrade(f"sqlite:///{tmp_path / 'old.db'}", "0001")
    assert version_in(tmp_path / "old.db") == "0001"
