"""Years of a log, made at the centre itself in SQL, and how long the reports over it take.

The rows go into the very tables, and the counts are made of them by the rule of `api.ingest`. Indexes are put aside
while the rows are made, and put back as they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from psycopg import sql

from smartlogd.base.time import monotonic_s
from smartlogd.sync.administrator import Connection, one, opened, rows

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl

STEP = 500_000
_PARTS = Path(__file__).with_name("years.sql")
_TABLES = ("events", "smartlog")

# What a dashboard asks: sums over a span of time, in steps that fit on a screen.
PANELS: Mapping[str, str] = {
    "in_out_hourly, a day": """
        SELECT hour, sum(in_count), sum(out_count) FROM report.in_out_hourly
        WHERE hour >= now() - interval '1 day' GROUP BY hour ORDER BY hour""",
    "in_out_hourly, a week": """
        SELECT hour, sum(in_count), sum(out_count) FROM report.in_out_hourly
        WHERE hour >= now() - interval '7 days' GROUP BY hour ORDER BY hour""",
    "in_out_hourly, a month by line": """
        SELECT device, line, date_trunc('day', hour), sum(in_count), sum(out_count) FROM report.in_out_hourly
        WHERE hour >= now() - interval '30 days' GROUP BY 1, 2, 3 ORDER BY 3""",
    "in_out_hourly, all of one device, row by row": """
        SELECT * FROM report.in_out_hourly WHERE device = 'device-1' ORDER BY hour""",
    "in_out_hourly, all of one device by day": """
        SELECT date_trunc('day', hour), sum(in_count), sum(out_count) FROM report.in_out_hourly
        WHERE device = 'device-1' GROUP BY 1 ORDER BY 1""",
    "in_out_hourly, all of it by day": """
        SELECT date_trunc('day', hour), sum(in_count), sum(out_count) FROM report.in_out_hourly
        GROUP BY 1 ORDER BY 1""",
    "events_hourly, a week": """
        SELECT hour, type, sum(count) FROM report.events_hourly
        WHERE hour >= now() - interval '7 days' GROUP BY 1, 2 ORDER BY 1""",
    "occupancy_now": "SELECT * FROM report.occupancy_now",
    "who_is_in": "SELECT * FROM report.who_is_in",
    "person_day, one person": "SELECT * FROM report.person_day WHERE person = 'Person 7' ORDER BY day DESC",
    "device_health": "SELECT * FROM report.device_health",
}


@dataclass(frozen=True, slots=True)
class Span:
    """So many passings, of so many devices with two lines each, over so many days until now."""

    rows: int
    devices: int
    days: int


def make(url: DatabaseUrl, span: Span, said: Callable[[str], None]) -> int:
    """Make that span of a log; gives how many rows `counts_hourly` has then."""
    parts, told = _parts(), asdict(span)
    with opened(url) as connection:
        connection.execute("SET synchronous_commit = off")
        for name in ("people", "devices"):
            connection.execute(parts[name], told)
        with _without_indexes(connection):
            for first in range(1, span.rows + 1, STEP):
                last = min(span.rows, first + STEP - 1)
                connection.execute(parts["rows"], {**told, "first": first, "last": last})
                said(f"{last:,} of {span.rows:,} passings are made")
        said("their indexes are made, and they are counted")
        connection.execute(parts["seen"])
        connection.execute(parts["counts"])
        connection.execute("VACUUM ANALYZE")
        return int(str(one(connection, "SELECT count(*) FROM counts_hourly")))


def seconds(url: DatabaseUrl, runs: int) -> dict[str, tuple[int, float]]:
    """Rows and median seconds of each panel, asked once before the clock runs."""
    with opened(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return {name: _timed(connection, query, runs) for name, query in PANELS.items()}


def _timed(connection: Connection, query: str, runs: int) -> tuple[int, float]:
    took, number = [], 0
    for _ in range(runs + 1):
        began_s = monotonic_s()
        number = len(connection.execute(query.encode()).fetchall())
        took.append(monotonic_s() - began_s)
    return number, median(took[1:])


def _parts() -> dict[str, bytes]:
    """The statements of the file, by name."""
    found = re.split(r"^-- name: (\w+)\n", _PARTS.read_text(), flags=re.MULTILINE)[1:]
    return {name: text.encode() for name, text in zip(found[::2], found[1::2], strict=True)}


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Drop the indexes and unique keys of the log's tables, and make them again after the block."""
    keys = rows(
        connection,
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype IN ('u', 'p') AND conrelid::regclass::text = ANY (%s)",
        list(_TABLES),
    )
    for table, name, _ in keys:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*map(_identifier, (table, name))))
    indexes = rows(
        connection,
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY (%s)",
        list(_TABLES),
    )
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX {}").format(_identifier(name)))
    yield
    for _, statement in indexes:
        connection.execute(str(statement).encode())
    for table, name, definition in keys:
        made = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(*map(_identifier, (table, name)))
        connection.execute(made + sql.SQL(str(definition)))


def _identifier(name: object) -> sql.Identifier:
    return sql.Identifier(str(name))
