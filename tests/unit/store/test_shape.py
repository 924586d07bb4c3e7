"""Rows are told from noise, and one table's from another's."""

from __future__ import annotations

import sqlite3

from smartlogd.store.shape import shape_of, tables_of


def test_what_a_column_may_hold_is_read_off_the_tables(database: sqlite3.Connection) -> None:
    outbox = shape_of(database, "outbox")
    assert outbox.takes((1, "event", "7", 1, 0))
    assert not outbox.takes((1, "event", 7, 1, 0))
    assert not outbox.takes((1, None, "7", 1, 0))
    assert not outbox.takes((1, "e" * 17, "7", 1, 0))


def test_a_raw_record_gets_its_number_and_the_columns_it_has_not(database: sqlite3.Connection) -> None:
    boots = shape_of(database, "boots")
    assert boots.whole(1, ("b", 0, 0, 1, "0.1")) == ("b", 0, 0, 1, "0.1", None, None)
    assert shape_of(database, "outbox").whole(9, (None, "event", "7", 1, 0)) == (9, "event", "7", 1, 0)
    assert shape_of(database, "outbox").whole(9, (9, "event", "7", 1, 0)) is None
    assert boots.whole(1, ("b",) * 20) is None


def test_only_our_tables_count(database: sqlite3.Connection) -> None:
    names = tables_of(database)
    assert {"events", "smartlog", "outbox"} <= set(names)
    assert not {"sqlite_sequence", "alembic_version"} & set(names)
    assert shape_of(database, "nothing").columns == ()
