"""The one writing connection: SQLAlchemy over aiosqlite, whose statements are made from the mapped tables once.

This module imports SQLAlchemy, which takes its time; the journal imports it in a thread when it begins to write.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import aiosqlite
from sqlalchemy import URL, Connection, NullPool, Table, bindparam, event, func, select
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from smartlogd.schema.models import Event, Smartlog, Subject, User
from smartlogd.store.crops import FOLDER as FACES
from smartlogd.store.ends import note_ends
from smartlogd.store.errand import Errand
from smartlogd.store.follow import follow_new
from smartlogd.store.keys import Keys
from smartlogd.store.learn import learn
from smartlogd.store.pragmas import WRITING
from smartlogd.store.rows import EVENT_COLUMNS, SMARTLOG_COLUMNS, SUBJECT_COLUMNS, Batch, stripped
from smartlogd.store.trouble import StoreTrouble, sqlite_trouble

_PERSON = "person"
_GONE = "SELECT uid FROM tombstones WHERE uid IN (SELECT value FROM json_each(?))"


def _sql(statement: Insert, columns: tuple[str, ...]) -> str:
    """The statement as SQLite takes it, its parameters in the order of `columns`."""
    compiled = statement.compile(dialect=sqlite_dialect(paramstyle="qmark"))
    if tuple(compiled.positiontup or ()) != columns:
        raise AssertionError(f"The columns {columns} stand in another order than in the table.")
    return str(compiled)


def _once(table: Table, columns: tuple[str, ...]) -> str:
    """Insert a row, unless its event is there already: a group that is tried again writes nothing twice."""
    values: dict[str, Any] = {name: bindparam(name) for name in columns if name != _PERSON}
    if _PERSON in columns:  # named by uid; unknown here, or forgotten, is nobody
        known = (User.uid == bindparam(_PERSON)) & User.forgotten_at.is_(None)
        values["subject_user_id"] = select(User.id).where(known).scalar_subquery()
    new = insert(table).values(values)
    return _sql(new.on_conflict_do_nothing(index_elements=["event_id"]), columns)


def _seen(table: Table, columns: tuple[str, ...]) -> str:
    """Insert a subject, or widen the span in which it was seen."""
    new = insert(table).values({name: bindparam(name) for name in columns})
    widened = {
        "first_seen": func.min(table.c.first_seen, new.excluded.first_seen),
        "last_seen": func.max(table.c.last_seen, new.excluded.last_seen),
    }
    return _sql(new.on_conflict_do_update(index_elements=["uuid"], set_=widened), columns)


INSERT_EVENT = _once(cast(Table, Event.__table__), EVENT_COLUMNS)
INSERT_PASSING = _once(cast(Table, Smartlog.__table__), SMARTLOG_COLUMNS)
UPSERT_SUBJECT = _seen(cast(Table, Subject.__table__), SUBJECT_COLUMNS)


def writing_engine(path: Path, busy_s: float) -> AsyncEngine:
    """An engine whose connections are set as `pragmas.WRITING` says and begin with BEGIN IMMEDIATE.

    A deferred transaction that reads and then writes fails at once when another program wrote in between, whatever
    the busy timeout says. The driver's own transactions are switched off, as SQLAlchemy's documents advise. `mode=rw`
    never makes a file: a database that was taken away is a trouble, not a reason to begin an empty one.
    """
    url = URL.create("sqlite+aiosqlite", database=path.absolute().as_uri(), query={"mode": "rw", "uri": "true"})
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": busy_s})

    @event.listens_for(engine.sync_engine, "connect")
    def _set(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        for pragma in WRITING:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Writer:
    """Writes batches and does errands, each in a transaction, over one connection that is opened when first needed."""

    def __init__(self, path: Path, busy_s: float, keys: Keys) -> None:
        self._folder = path.parent
        self._busy_s = busy_s
        self._keys = keys
        self._has_to_scrub = False
        self._engine = writing_engine(path, busy_s)
        self._connection: AsyncConnection | None = None

    async def write(self, work: Sequence[Batch | Errand[Any]], committed: Callable[[], None]) -> None:
        """Return when all batches are on the disk; StoreTrouble when one is not, and then nothing of it is.

        `committed` is called after each batch and each errand, in the driver's thread. After any trouble the
        connection is given up: what state a failed write left it in need not be known.
        """
        try:
            if self._connection is None:
                self._connection = await self._engine.connect()
            raw = await self._connection.get_raw_connection()
            # All that waits is one visit to the driver's thread. Through SQLAlchemy's cursors a transaction is
            # thirteen, which cost as much as the writing itself (docs/decisions/0011).
            driver = cast(aiosqlite.Connection, raw.driver_connection)
            await driver._execute(self._do_all, driver._conn, work, committed)  # type: ignore[no-untyped-call]  # left untyped there
        except StoreTrouble:
            await self.close()
            raise
        except (DBAPIError, sqlite3.Error) as error:
            await self.close()
            cause = error.orig if isinstance(error, DBAPIError) else error
            trouble = sqlite_trouble(cause, self._folder) if isinstance(cause, sqlite3.Error) else None
            if trouble is None:
                raise
            raise trouble from error

    async def close(self) -> None:
        """Close the connection and its thread, which would keep the process alive; a later write opens anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()
        await self._engine.dispose()

    def _do_all(
        self, connection: sqlite3.Connection, work: Sequence[Batch | Errand[Any]], committed: Callable[[], None]
    ) -> None:
        """One transaction after the other, in the driver's thread."""
        for task in work:
            if isinstance(task, Errand):
                task.run(connection)
                self._scrub(connection, first=task.scrub)
            else:
                _commit(connection, task, self._keys, self._folder / FACES)
                self._scrub(connection)
            committed()

    def _scrub(self, connection: sqlite3.Connection, *, first: bool = False) -> None:
        """If something was deleted for good, empty the -wal, which still holds it.

        Someone reading holds that up: they are waited for once, and after that it is tried with every write.
        """
        self._has_to_scrub |= first
        if not self._has_to_scrub:
            return
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * self._busy_s) if first else 0}")
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * self._busy_s)}")
        self._has_to_scrub = bool(is_busy)


def _commit(connection: sqlite3.Connection, batch: Batch, keys: Keys, faces: Path) -> None:
    """One transaction, begun as a writing one: one that reads first fails at once when another program writes."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        gone = {uuid for (uuid,) in connection.execute(_GONE, (json.dumps([row[0] for row in batch.subjects]),))}
        if gone:
            batch = stripped(batch, gone)
        for statement, rows in (
            (INSERT_EVENT, batch.events),
            (INSERT_PASSING, batch.passings),
            (UPSERT_SUBJECT, batch.subjects),
        ):
            connection.executemany(statement, rows)
        if batch.passings:
            follow_new(connection, (str(passing[0]) for passing in batch.passings))
        note_ends(connection, batch.ends)
        for recognition in batch.learnt:
            learn(connection, keys, faces, recognition)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
