from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import pytest

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.schema.migrate import create
from smartlogd.store.birth import arrive, leave
from smartlogd.store.rows import Origin

START = Stamp(7_000_000, datetime(2027, 1, 1, tzinfo=UTC), trusted=True)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        create(connection)
        yield connection


def started(connection: sqlite3.Connection, boot: int = 1, device: str = "door", version: str = "0.1.0") -> Origin:
    told = {"device": device, "version": version, "boot": UUID(int=boot), "machine_boot": "kernel's"}
    return arrive(connection, **told, start=START.shifted(boot))


def test_a_first_start_makes_a_local_owner_its_device_and_its_boot(connection: sqlite3.Connection) -> None:
    assert started(connection) == Origin("door", 1, 1, str(UUID(int=1)))
    owner = connection.execute("SELECT * FROM users").fetchone()
    assert (owner["role"], owner["email"], UUID(owner["uid"]).version) == ("owner", None, 7)
    device = connection.execute("SELECT * FROM devices").fetchone()
    assert tuple(device[key] for key in ("type", "status", "enabled", "high_seq", "software_version")) == (
        "camera", "online", 1, 0, "0.1.0",
    )  # fmt: skip
    assert device["capabilities"] == '["crossings"]'
    assert UUID(device["epoch"])
    boot = connection.execute("SELECT * FROM boots").fetchone()
    assert tuple(boot) == (str(UUID(int=1)), micros(START.utc) + 1_000_000, 1_007_000, 1, "0.1.0", "kernel's", None)
    assert connection.execute("SELECT value FROM meta WHERE key = 'created_by'").fetchone()[0] == '"0.1.0"'


def test_a_later_start_keeps_owner_and_epoch_and_renews_the_rest(connection: sqlite3.Connection) -> None:
    first = started(connection)
    epoch = connection.execute("SELECT epoch FROM devices").fetchone()[0]
    leave(connection, first, START.shifted(1.5))
    assert connection.execute("SELECT status FROM devices").fetchone()[0] == "offline"
    connection.execute("UPDATE devices SET enabled = 0")
    again = started(connection, boot=2, version="0.2.0")
    assert (again.device_id, again.owner_id) == (first.device_id, first.owner_id)
    device = connection.execute("SELECT * FROM devices").fetchone()
    assert (device["epoch"], device["status"], device["enabled"]) == (epoch, "online", 0)
    assert (device["software_version"], device["last_seen"]) == ("0.2.0", micros(START.shifted(2).utc))
    assert connection.execute("SELECT count(*) FROM users").fetchone()[0] == 1
    assert connection.execute("SELECT count(*) FROM boots").fetchone()[0] == 2


def test_a_device_of_another_name_has_the_same_owner(connection: sqlite3.Connection) -> None:
    one, other = started(connection), started(connection, device="garden", boot=2)
    assert one.owner_id == other.owner_id
    assert one.device_id != other.device_id


def test_an_owner_enrolled_later_is_the_one_that_counts(connection: sqlite3.Connection) -> None:
    started(connection)
    connection.execute("UPDATE users SET email = 'someone@example.org'")
    assert started(connection, boot=2).owner_id == 1


def test_a_store_opened_twice_in_one_start_has_one_boot(connection: sqlite3.Connection) -> None:
    for _ in range(2):
        started(connection)
    assert connection.execute("SELECT count(*) FROM boots").fetchone()[0] == 1


def test_going_off_never_moves_last_seen_back(connection: sqlite3.Connection) -> None:
    origin = started(connection)
    leave(connection, origin, START.shifted(-3600))
    assert connection.execute("SELECT last_seen FROM devices").fetchone()[0] == micros(START.shifted(1).utc)
