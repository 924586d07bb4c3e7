"""How the centre fares, and which devices it has: read only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import LiteralString

from smartlogd.sync.administrator import Connection, one, rows
from smartlogd.sync.central import centre, is_shared
from smartlogd.sync.hardening import Gap, gaps

PLAIN, APACHE, FULL = "plain PostgreSQL", "TimescaleDB, Apache edition", "TimescaleDB, full edition"


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device as the centre knows it. `clock` is whether its newest event had a clock that can be trusted."""

    name: str
    site: str | None
    owner: str | None
    login: str | None
    enabled: bool
    version: str | None
    last_seen: dt.datetime | None
    rows: int
    late: int
    rejects: int
    clock: bool | None


@dataclass(frozen=True, slots=True)
class CentreSeen:
    """The central database: what it runs on, how much it holds, what is open still."""

    centre: str
    server: str
    edition: str
    timescale: str | None
    hypertables: tuple[str, ...]
    schema: str
    newest_schema: str
    wire: int | None
    devices: int
    people: int
    rows: int
    late: int
    rejects: int
    bytes: int
    is_shared: bool
    gaps: tuple[Gap, ...]


# Events are counted by the hour as they arrive, so that nobody need count them again.
_DEVICES = """
SELECT d.name, d.site, u.email, l.login, d.enabled, d.software_version, d.last_seen,
    (SELECT coalesce(sum(c.count), 0)::bigint FROM counts_hourly AS c WHERE c.device_id = d.id),
    (SELECT count(*) FROM late_rows AS r WHERE r.device_id = d.id),
    (SELECT count(*) FROM rejects AS r WHERE r.device_id = d.id),
    (SELECT e.clock_trusted FROM events AS e WHERE e.device_id = d.id ORDER BY e.ts DESC LIMIT 1)
FROM devices AS d JOIN users AS u ON u.id = d.user_id LEFT JOIN device_logins AS l ON l.device_id = d.id
ORDER BY d.name
"""
_EXTENSION = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
_LICENCE = "SELECT current_setting('timescaledb.license', true)"
_HYPERTABLES = "SELECT hypertable_name::text FROM timescaledb_information.hypertables ORDER BY 1"
_WIRE = "SELECT CASE WHEN to_regprocedure('api.wire()') IS NOT NULL THEN api.wire() END"
_SIZE = "SELECT pg_database_size(current_database())"
_ROWS = "SELECT coalesce(sum(count), 0)::bigint FROM counts_hourly"
_PEOPLE = "SELECT count(*) FROM users WHERE name IS NOT NULL AND role <> 'owner' AND forgotten_at IS NULL"


def devices(connection: Connection) -> tuple[DeviceSeen, ...]:
    """Every device that was ever enrolled, by name."""
    centre(connection)
    return tuple(DeviceSeen(*row) for row in connection.execute(_DEVICES).fetchall())  # type: ignore[arg-type]


def seen(connection: Connection) -> CentreSeen:
    """The centre, as it stands."""
    from smartlogd.schema.migrate import head

    whose = centre(connection)
    extension = one(connection, _EXTENSION)
    return CentreSeen(
        centre=str(whose),
        server=str(one(connection, "SHOW server_version")),
        edition=_edition(connection, has_extension=extension is not None),
        timescale=str(extension) if extension is not None else None,
        hypertables=tuple(str(name) for (name,) in rows(connection, _HYPERTABLES)) if extension is not None else (),
        schema=str(one(connection, "SELECT version_num FROM alembic_version")),
        newest_schema=head(),
        wire=_number(connection, _WIRE) or None,
        devices=_number(connection, "SELECT count(*) FROM devices"),
        people=_number(connection, _PEOPLE),
        rows=_number(connection, _ROWS),
        late=_number(connection, "SELECT count(*) FROM late_rows"),
        rejects=_number(connection, "SELECT count(*) FROM rejects"),
        bytes=_number(connection, _SIZE),
        is_shared=is_shared(connection),
        gaps=gaps(connection),
    )


def _edition(connection: Connection, *, has_extension: bool) -> str:
    if not has_extension:
        return PLAIN
    return APACHE if one(connection, _LICENCE) == "apache" else FULL


def _number(connection: Connection, query: LiteralString) -> int:
    found = one(connection, query)
    return found if isinstance(found, int) else 0
