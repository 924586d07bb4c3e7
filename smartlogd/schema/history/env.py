"""How Alembic reaches a database, and which side of the history it gets.

The URL comes from the program (`migrate.upgrade`), from `alembic -x url=...`, from DATABASE_URL (in the environment or
in `.env`), or from alembic.ini, in this order. sqlite:/// is a device's own database, postgresql:// the centre's.
Everything runs in one transaction: a power cut in the middle of a migration leaves the version before it, whole.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from alembic import context
from dotenv import dotenv_values
from sqlalchemy import URL, NullPool, create_engine, event
from sqlalchemy.schema import SchemaItem

from smartlogd.base.errors import DiskTrouble
from smartlogd.schema import functions
from smartlogd.schema.migrate import reachable, revisions
from smartlogd.schema.models import Base
from smartlogd.schema.tables import is_of

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import MigrationScript
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection, Engine


# Alembic says on SQLite of the centre's indexes with a descending column, which are not there, that it cannot compare.
warnings.filterwarnings("ignore", message="autogenerate skipping metadata-specified expression-based index")

_PLAIN = {
    "sqlite": {"Instant": "sa.BigInteger()"},
    "postgresql": {"Instant": "sa.TIMESTAMP(timezone=True)"},
}


def _url() -> URL:
    """Which database is meant."""
    given = (
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("DATABASE_URL")
        or dotenv_values(".env").get("DATABASE_URL")
        or context.config.get_main_option("sqlalchemy.url", "")
    )
    return reachable(given)


def _ours(item: SchemaItem, _name: object, _kind: str, is_reflected: object, *_: object) -> bool:
    """Leave out the tables, constraints and indexes of the other side."""
    dialect = context.get_context().dialect.name
    return bool(is_reflected) or is_of(item.info, dialect)


def _number(
    _context: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Give a new revision the next number instead of a random name: `migrate.head` relies on it."""
    if directives:
        directives[0].rev_id = f"{int(max(revisions(), default='0')) + 1:04d}"


def _spell(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """How a new migration file writes our own types: as what the database keeps."""
    plain = _PLAIN[_context.dialect.name if _context.dialect else "sqlite"].get(type(item).__name__)
    return plain if kind == "type" and plain else False


def _migrate(connection: Connection) -> None:
    """Run what Alembic was asked for, then make sure that no row lost what it points at."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        include_object=_ours,
        render_item=_spell,
        process_revision_directives=_number,
    )
    is_centre = connection.dialect.name == "postgresql"
    with context.begin_transaction():
        if is_centre and _goes_somewhere():
            functions.take_away(connection)
        context.run_migrations()
        if is_centre and _goes_somewhere():
            functions.put_back(connection)
    if not is_centre:
        _check_pointers(connection)


def _goes_somewhere() -> bool:
    """Whether Alembic was asked for another version (upgrade, downgrade), not merely to look (check, current)."""
    try:
        return bool(context.get_revision_argument())
    except KeyError:
        return False


def _check_pointers(connection: Connection) -> None:
    """Raise where rows point at rows that are not there; whatever was done is undone then."""
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise DiskTrouble(f"The migration would leave {len(orphans)} rows pointing at nothing; nothing was changed.")


def _as_edge(engine: Engine) -> None:
    """No transactions of the driver's own; foreign keys are off while tables are rebuilt, and checked after."""

    @event.listens_for(engine, "connect")
    def _plain(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None
        for statement in ("PRAGMA foreign_keys = OFF", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 5000"):
            dbapi.execute(statement)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def run() -> None:
    """Open the database, migrate in one transaction, close it."""
    engine = create_engine(_url(), poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _as_edge(engine)
    with engine.begin() as connection:
        _migrate(connection)


# Alembic executes this file with its context set up; whoever merely imports it (a doctest run) has none.
if hasattr(context, "config"):
    run()
