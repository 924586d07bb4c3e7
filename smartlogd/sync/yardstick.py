"""What a measure asks of a server: a central database for the occasion, bare COPY, and what became of what was sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString
from uuid import UUID

from psycopg import sql

from smartlogd.base.time import monotonic_s
from smartlogd.sync.administrator import Connection, one, opened, rows

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl

LOG: tuple[LiteralString, ...] = ("events", "smartlog", "subjects")
"""The tables in which an event leaves a row: always; where a line was passed; where someone is seen first."""
_KEPT: tuple[LiteralString, ...] = (*LOG, "face_templates", "counts_hourly", "late_rows", "rejects")

_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
AND attidentity = '' ORDER BY attnum
"""
# An event's age when it could be seen: from its own stamp to the commit; the server must keep the times of commits.
_AGES = """
SELECT count(*), coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY age_s), 0),
    coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY age_s), 0), coalesce(max(age_s), 0)
FROM (SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - ts)::float8 AS age_s FROM events) AS e
"""
_EVENTS = "SELECT event_id FROM events UNION ALL SELECT event_id FROM late_rows"
_OPEN = """
SELECT count(*), coalesce(max(n), 0)::int, coalesce(extract(epoch FROM max(idle)), 0)::float8 FROM (
    SELECT count(*) AS n, max(clock_timestamp() - state_change) FILTER (WHERE state = 'idle') AS idle
    FROM pg_stat_activity WHERE datname = current_database() AND usename IN (SELECT login FROM device_logins)
    GROUP BY usename
) AS each
"""
_VERSION = "SELECT current_setting('server_version')"
_TIMESCALE = """
SELECT extversion || ' (' || coalesce(current_setting('timescaledb.license', true), '') || ')'
FROM pg_extension WHERE extname = 'timescaledb'
"""
_LOGINS = "SELECT login FROM device_logins"
_IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows that bare COPY wrote, and the seconds it took."""

    rows: int
    took_s: float


@dataclass(frozen=True, slots=True)
class Ages:
    """How many events the centre has, and how old they were when they could be seen there."""

    rows: int
    p50_s: float
    p99_s: float
    highest_s: float


@dataclass(frozen=True, slots=True)
class Open:
    """How many devices are connected, the most connections of one of them, the longest that one was idle."""

    devices: int
    most_each: int
    idle_s: float


@contextmanager
def scratch(server: DatabaseUrl) -> Iterator[DatabaseUrl]:
    """A database of our own on the server, empty; dropped at the end, and the devices' logins with it."""
    name = f"smartlog_bench_{secrets.token_hex(4)}"
    with opened(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    own = server.set(database=name)
    try:
        yield own
    finally:
        _dropped(server, own, name)


def copy(url: DatabaseUrl) -> Copied:
    """Take what the log's tables have, empty them, and write it back by COPY: one stream, one transaction.

    The rows are ready in the form in which the server reads them: the client has nothing to do but to send them.
    """
    with opened(url) as connection:
        taken = {table: _taken(connection, table) for table in LOG}
        empty(connection)
        settle(connection)
        began_s = monotonic_s()
        with connection.transaction():
            for table, blocks in taken.items():
                _given(connection, table, blocks)
        took_s = monotonic_s() - began_s
        written = sum(count(connection).values())
    return Copied(written, took_s)


def empty(connection: Connection) -> None:
    """Empty all that events leave behind."""
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, _KEPT))))


def settle(connection: Connection) -> None:
    """Let the server write out what it holds, so that neither side of a measure pays for the other's pages."""
    if one(connection, _IS_SUPERUSER):
        connection.execute("CHECKPOINT")


def count(connection: Connection) -> Mapping[str, int]:
    """How many rows the log's tables have."""
    return {
        table: int(
            str(connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchall()[0][0])
        )
        for table in LOG
    }


def ages(url: DatabaseUrl) -> Ages:
    """The ages of all events; the server must run with `track_commit_timestamp`."""
    with opened(url) as connection:
        number, *spans_s = (str(value) for value in connection.execute(_AGES).fetchall()[0])
    return Ages(int(number), *(float(span_s) for span_s in spans_s))


def event_ids(url: DatabaseUrl) -> list[UUID]:
    """The `event_id` of every event the centre has, as often as it has it."""
    with opened(url) as connection:
        return [UUID(str(event)) for (event,) in rows(connection, _EVENTS)]


def server_name(url: DatabaseUrl) -> str:
    """What the server is: its version, and TimescaleDB's with its edition where the database uses it."""
    with opened(url) as connection:
        plain = f"PostgreSQL {str(one(connection, _VERSION)).split()[0]}"
        return plain if (more := one(connection, _TIMESCALE)) is None else f"{plain}, TimescaleDB {more}"


def connected(url: DatabaseUrl) -> Open:
    """Which devices are connected just now."""
    with opened(url) as connection:
        devices, most_each, idle_s = (str(value) for value in connection.execute(_OPEN).fetchall()[0])
    return Open(int(devices), int(most_each), float(idle_s))


def _taken(connection: Connection, table: str) -> list[bytes]:
    """A table's rows as COPY writes them."""
    ask = sql.SQL("COPY {1} ({0}) TO STDOUT").format(*_named(connection, table))
    with connection.cursor() as cursor, cursor.copy(ask) as blocks:
        return [bytes(block) for block in blocks]


def _given(connection: Connection, table: str, blocks: list[bytes]) -> None:
    into = sql.SQL("COPY {1} ({0}) FROM STDIN").format(*_named(connection, table))
    with connection.cursor() as cursor, cursor.copy(into) as stream:
        for block in blocks:
            stream.write(block)


def _named(connection: Connection, table: str) -> tuple[sql.Composed, sql.Identifier]:
    columns = [sql.Identifier(str(name)) for (name,) in rows(connection, _COLUMNS, table)]
    return sql.SQL(", ").join(columns), sql.Identifier(table)


def _dropped(server: DatabaseUrl, own: DatabaseUrl, name: str) -> None:
    with opened(own) as connection:
        found = one(connection, "SELECT to_regclass('device_logins') IS NOT NULL")
        logins = [str(login) for (login,) in rows(connection, _LOGINS)] if found else []
    with opened(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        for login in logins:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(login)))
