from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.schema.migrate import create
from smartlogd.store.floor import BUILT, NONSENSE, floor_of, raised

BOOT = "INSERT INTO boots (boot_id, started_at, mono_us, clock_trusted, version)"
EARLY = Stamp(1, dt.datetime(1970, 1, 1, 0, 1, tzinfo=dt.UTC), trusted=False)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        create(connection)
        yield connection


def booted(connection: sqlite3.Connection, at: dt.datetime) -> None:
    connection.execute(f"{BOOT} VALUES (?, ?, 0, 1, '0')", (str(at), micros(at)))


def test_an_empty_log_starts_at_the_build_date(connection: sqlite3.Connection) -> None:
    assert floor_of(connection, EARLY) == BUILT


@pytest.mark.parametrize("table", ["smartlog", "events", "boots", "devices"])
def test_no_row_is_dated_before_the_newest_one(connection: sqlite3.Connection, table: str) -> None:
    newest = BUILT + dt.timedelta(days=3, microseconds=7)
    row = {
        "smartlog": "INSERT INTO smartlog (uuid, action, timestamp) VALUES ('u', 'I', ?)",
        "events": "INSERT INTO events (user_id, type, ts, data, event_id, device_id)"
        " VALUES (1, 'sit', ?, '{}', 'e', 1)",
        "boots": f"{BOOT} VALUES ('b', ?, 0, 1, '0')",
        "devices": "INSERT INTO devices (user_id, name, type, status, capabilities, last_seen, enabled, epoch,"
        " high_seq) VALUES (1, 'door', 'camera', 'online', '[]', ?, 1, 'e', 0)",
    }[table]
    connection.execute(row, (micros(newest),))
    assert floor_of(connection, EARLY) == newest


def test_an_old_log_does_not_pull_the_floor_below_the_build_date(connection: sqlite3.Connection) -> None:
    booted(connection, BUILT - dt.timedelta(days=400))
    assert floor_of(connection, EARLY) == BUILT


def test_a_row_from_a_clock_gone_mad_does_not_hold_the_log_in_the_far_future(connection: sqlite3.Connection) -> None:
    booted(connection, NONSENSE + dt.timedelta(days=1))
    assert floor_of(connection, EARLY) == BUILT


def test_a_trusted_clock_is_never_overruled(connection: sqlite3.Connection) -> None:
    booted(connection, BUILT + dt.timedelta(days=30))
    now = Stamp(1, BUILT + dt.timedelta(days=2), trusted=True)
    assert floor_of(connection, now) == now.utc


def test_a_clock_before_the_floor_is_raised_and_not_trusted() -> None:
    assert raised(EARLY, BUILT) == Stamp(EARLY.mono_ns, BUILT, trusted=False)
    late = Stamp(1, BUILT + dt.timedelta(seconds=1), trusted=True)
    assert raised(late, BUILT) is late


def test_a_trusted_clock_before_the_floor_is_right_all_the_same() -> None:
    right = Stamp(1, BUILT + dt.timedelta(days=1), trusted=True)
    assert raised(right, BUILT + dt.timedelta(days=30)) is right
