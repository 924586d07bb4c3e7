from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.errors import Missing
from smartlogd.store.happened import happened
from smartlogd.store.tables import make_tables

EVENT = "INSERT INTO events (user_id, device_id, type, ts, data, event_id, ended_at) VALUES (1, 1, ?, ?, '{}', ?, ?)"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    make_tables(tmp_path / "smartlog.db")
    with closing(sqlite3.connect(tmp_path / "smartlog.db")) as connection, connection:
        connection.executemany(EVENT, [("sit", 1000 - n, f"e{n}", 2000 if n % 2 else None) for n in range(6)])
    return tmp_path


def test_the_newest_come_in_the_order_in_which_they_were_written(log: Path) -> None:
    assert [told.seq for told in happened(log, limit=3)] == [4, 5, 6]
    assert [told.ended is not None for told in happened(log)] == [False, True] * 3


def test_who_follows_gets_what_came_after(log: Path) -> None:
    assert [told.seq for told in happened(log, limit=2, after=0)] == [1, 2]
    assert [told.seq for told in happened(log, after=4)] == [5, 6]
    assert happened(log, after=6) == ()


def test_without_a_log_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no log"):
        happened(tmp_path)
