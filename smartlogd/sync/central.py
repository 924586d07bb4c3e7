"""Sets up the central database and brings it up to date: migrated, hardened, with a fleet key of its own.

Everything may be done again: what stands already stays as it is. The rest of the administration is in `enrolment`
(devices come and go) and `census` (how the centre fares).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from smartlogd.base.errors import Exit, SmartlogError, UnusableInput
from smartlogd.sync import keyring
from smartlogd.sync.administrator import Connection, one, opened, refusal, rows
from smartlogd.sync.enrolment import FleetWork, Rewrapped, rewrap
from smartlogd.sync.hardening import Gap, gaps, harden
from smartlogd.sync.keyring import Keyring

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a central database: its schema version, what is open still, which keys were wrapped anew."""

    version: str
    was: str | None
    """The version before; None where the database was empty."""
    gaps: tuple[Gap, ...]
    rewrapped: Rewrapped
    made_key: bool


_IS_OURS = (
    "SELECT to_regclass('public.alembic_version') IS NOT NULL AND to_regclass('public.device_logins') IS NOT NULL"
)
_VERSION = "SELECT version_num FROM alembic_version"
# Whatever else lives there: tables and views that belong to no extension.
_OTHERS = """
SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname !~ '^(pg_|_timescaledb|timescaledb|information_schema$)'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
_OTHER_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname IN ('api', 'internal', 'report') ORDER BY 1"
_CENTRE = "SELECT value #>> '{}' FROM meta WHERE key = 'centre'"
_NAME_CENTRE = """
INSERT INTO meta (key, value) VALUES ('centre', to_json(gen_random_uuid())) ON CONFLICT (key) DO NOTHING
"""
_RENAME_CENTRE = "UPDATE meta SET value = to_json(gen_random_uuid()) WHERE key = 'centre' RETURNING value #>> '{}'"
_IS_SHARED = "SELECT EXISTS (SELECT FROM meta WHERE key = 'shared')"
_SHARE = "INSERT INTO meta (key, value) VALUES ('shared', 'true') ON CONFLICT (key) DO NOTHING"
_HAS_FLEET = "SELECT EXISTS (SELECT FROM fleet_keys) OR EXISTS (SELECT FROM person_keys)"


def init(url: DatabaseUrl, path: Path, work: FleetWork, *, shared: bool = False) -> Prepared:
    """Make a centre of the database, and a fleet key for it.

    A database that holds tables of others is refused unless `shared`; then nothing is taken from PUBLIC in it, for
    those others may need it, and what is open is only told.
    """
    with opened(url) as connection:
        was = _looked_at(connection, shared=shared)
    _migrate(url)
    with opened(url) as connection:
        connection.execute(_NAME_CENTRE)
        if shared and was is None:
            connection.execute(_SHARE)
        ring, made_key = _keyring(connection, path, work)
        return _prepared(connection, ring, work, was, made_key=made_key)


def upgrade(url: DatabaseUrl, path: Path, work: FleetWork, *, restored: bool = False) -> Prepared:
    """Bring the centre to the newest schema version, close what has opened since, and wrap late keys anew.

    One that was `restored` from a backup becomes another centre to its devices: they have followed the lost one further
    than this one goes, and begin anew.
    """
    with opened(url) as connection:
        was = _version(connection)
        ring = keyring.needed(path, centre(connection))
        if restored:
            _begin_anew(connection, ring, path)
    _migrate(url)
    with opened(url) as connection:
        return _prepared(connection, keyring.needed(path, centre(connection)), work, was, made_key=False)


def _begin_anew(connection: Connection, ring: Keyring, path: Path) -> None:
    """Give the centre another uuid, in the database and in the file of its fleet key."""
    with connection.transaction():
        other = UUID(str(one(connection, _RENAME_CENTRE)))
        keyring.write(path, replace(ring, centre=other))


def centre(connection: Connection) -> UUID:
    """The uuid of this central database; UnusableInput where it is none of ours."""
    _version(connection)
    return UUID(str(one(connection, _CENTRE)))


def is_shared(connection: Connection) -> bool:
    """Whether others live in this database too."""
    return bool(one(connection, _IS_SHARED))


def _version(connection: Connection) -> str:
    if not one(connection, _IS_OURS):
        raise UnusableInput("This database is no centre of ours.", "Make it one: smartlogd central init")
    return str(one(connection, _VERSION))


def _looked_at(connection: Connection, *, shared: bool) -> str | None:
    """The schema version of a centre that is here already; None for a database that may become one."""
    if one(connection, _IS_OURS):
        return _version(connection)
    others = [str(name) for (name,) in rows(connection, _OTHERS)]
    clash = sorted(_our_names() & set(others)) + [f"the schema {name}" for (name,) in rows(connection, _OTHER_SCHEMAS)]
    if clash:
        what = f"This database has {', '.join(clash[:5])} of somebody else's, in our place; nothing was changed."
        raise SmartlogError(what, "Make a database of its own: createdb -O OWNER smartlog", code=Exit.CANNOT_CREATE)
    if others and not shared:
        what = f"This database holds {len(others)} tables of others ({', '.join(others[:3])}); nothing was changed."
        hint = "Make a database of its own (createdb -O OWNER smartlog), or live with them: --shared."
        raise SmartlogError(what, hint, code=Exit.CANNOT_CREATE)
    return None


def _our_names() -> frozenset[str]:
    from smartlogd.schema.models import Base

    ours = (table for table in Base.metadata.tables.values() if table.info.get("side") != "edge")
    return frozenset({table.name for table in ours} | {"alembic_version"})


def _migrate(url: DatabaseUrl) -> None:
    from sqlalchemy.exc import DBAPIError

    from smartlogd.schema.migrate import upgrade as migrate

    try:
        migrate(url)
    except DBAPIError as error:
        raise refusal(getattr(error.orig, "sqlstate", None), str(error.orig)) from error


def _keyring(connection: Connection, path: Path, work: FleetWork) -> tuple[Keyring, bool]:
    """The fleet key's file, made where this centre has none yet."""
    whose = centre(connection)
    here = keyring.read(path, whose)
    if here is None and one(connection, _HAS_FLEET):
        here = keyring.needed(path, whose)  # says that it is missing: another key would open nothing
    if here is not None:
        return here, False
    made = Keyring(whose, (work.new(),), {})
    keyring.write(path, made)
    return made, True


def _prepared(connection: Connection, ring: Keyring, work: FleetWork, was: str | None, *, made_key: bool) -> Prepared:
    open_still = gaps(connection) if is_shared(connection) else harden(connection)
    with connection.transaction():
        rewrapped = rewrap(connection, ring, work)
    return Prepared(_version(connection), was, open_still, rewrapped, made_key)
