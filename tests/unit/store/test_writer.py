from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.base.known import Event
from smartlogd.store.engine import Store
from smartlogd.store.rows import batch_of, rows_of
from smartlogd.store.trouble import StoreTrouble
from smartlogd.store.writer import INSERT_EVENT, INSERT_PASSING, UPSERT_SUBJECT, Writer, writing_engine

Maker = Callable[..., Event]
Opener = Callable[..., Store]


def nothing() -> None:
    """Nobody asks which batch is on the disk."""


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def test_every_connection_is_set_to_lose_nothing(opener: Opener) -> None:
    store = opener()
    engine = writing_engine(store.path, 1)
    async with engine.connect() as connection:
        for pragma, value in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("mmap_size", 0),
            ("secure_delete", 1),
        ):
            assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one() == value
    await engine.dispose()
    await store.close()


async def test_a_transaction_begins_as_a_writing_one(opener: Opener) -> None:
    store = opener()
    engine = writing_engine(store.path, 1)
    async with engine.begin():
        with (
            closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
    await engine.dispose()
    await store.close()


async def test_a_batch_that_is_written_again_changes_nothing(opener: Opener, crossing: Maker) -> None:
    store, writer = opener(), None
    event = crossing()
    later = crossing(stamp=event.stamp.shifted(2), subject=event.subject)
    writer = Writer(store.path, 1, store.keys)
    for group in ([later], [event], [event, later]):
        await writer.write([batch_of(rows_of(one, store.origin) for one in group)], nothing)
    await writer.close()
    assert [count(store.path, table) for table in ("events", "smartlog", "subjects")] == [2, 2, 1]
    with closing(sqlite3.connect(store.path)) as connection:
        (span,) = connection.execute("SELECT last_seen - first_seen FROM subjects").fetchone()
    assert span == 2_000_000
    await store.close()


async def test_a_batch_is_written_whole_or_not_at_all(opener: Opener, crossing: Maker) -> None:
    store = opener()
    writer = Writer(store.path, 1, store.keys)
    batch = batch_of([rows_of(crossing(), store.origin)])
    batch.passings.append(("u", "X", *batch.passings[0][2:]))  # no action of ours: the CHECK refuses it
    with pytest.raises(sqlite3.IntegrityError, match="ck_smartlog_action"):
        await writer.write([batch], nothing)
    assert count(store.path, "events") == 0
    await writer.write(
        [batch_of([rows_of(crossing(), store.origin)])], nothing
    )  # the connection was given up and is made anew
    assert count(store.path, "events") == 1
    await writer.close()
    await store.close()


async def test_another_programs_lock_is_told_in_words_and_then_forgotten(opener: Opener, crossing: Maker) -> None:
    store = opener()
    writer = Writer(store.path, 0.05, store.keys)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreTrouble, match="Another program") as caught:
            await writer.write([batch_of([rows_of(crossing(), store.origin)])], nothing)
        assert caught.value.word == "locked"
    await writer.write([batch_of([rows_of(crossing(), store.origin)])], nothing)
    assert count(store.path, "events") == 1
    await writer.close()
    await store.close()


async def test_a_database_that_was_taken_away_is_not_begun_anew(opener: Opener, crossing: Maker) -> None:
    store = opener()
    store.path.rename(store.path.with_name("taken.db"))
    writer = Writer(store.path, 1, store.keys)
    with pytest.raises(StoreTrouble) as caught:
        await writer.write([batch_of([rows_of(crossing(), store.origin)])], nothing)
    assert caught.value.word == "away"
    assert not store.path.exists()
    await writer.close()
    store.path.with_name("taken.db").rename(store.path)
    await store.close()


async def test_closing_leaves_no_thread_behind(opener: Opener, crossing: Maker) -> None:
    store = opener()
    before = threading.active_count()
    writer = Writer(store.path, 1, store.keys)
    await writer.write([batch_of([rows_of(crossing(), store.origin)])], nothing)
    assert threading.active_count() == before + 1
    await writer.close()
    await writer.close()
    for thread in threading.enumerate():
        if "connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 2)
    assert threading.active_count() <= before + 1  # the one that waited
    await store.close()


def test_the_statements_are_made_of_the_tables() -> None:
    assert INSERT_EVENT.startswith("INSERT INTO events (user_id, type, ts, data, event_id")
    assert INSERT_PASSING.endswith("ON CONFLICT (event_id) DO NOTHING")
    assert "min(subjects.first_seen, excluded.first_seen)" in UPSERT_SUBJECT


async def test_batches_written_together_are_told_one_by_one(opener: Opener, crossing: Maker) -> None:
    store = opener()
    writer = Writer(store.path, 1, store.keys)
    told: list[int] = []
    batches = [batch_of([rows_of(crossing(), store.origin)]) for _ in range(3)]
    await writer.write(batches, lambda: told.append(count(store.path, "events")))
    await writer.close()
    assert told == [1, 2, 3]
