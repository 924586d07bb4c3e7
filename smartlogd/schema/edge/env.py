"""How Alembic reaches an edge database.

The URL comes from the program (`migrate.upgrade`), from `alembic -x url=sqlite:///...`, from DATABASE_URL, or from
alembic.ini, in this order. Everything runs in one BEGIN IMMEDIATE transaction: a power cut in the middle of a
migration leaves the version before it, whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from alembic import context
from sqlalchemy import URL, NullPool, create_engine, event, make_url
from sqlalchemy.schema import SchemaItem

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.schema.migrate import revisions
from smartlogd.schema.models import Base

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations import MigrationScript
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection


def _url() -> URL:
    """Which database is meant."""
    given = (
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("DATABASE_URL")
        or context.config.get_main_option("sqlalchemy.url", "")
    )
    if make_url(given).get_backend_name() != "sqlite":
        raise UnusableInput(
            "These migrations are those of a device's own SQLite database.",
            "Give it as -x url=sqlite:///PATH/smartlog.db.",
        )
    return make_url(given).set(drivername="sqlite")


def _ours(item: SchemaItem, _name: object, kind: str, *_: object) -> bool:
    """Leave out the tables that live at the centre only."""
    return kind != "table" or item.info.get("side", "edge") != "central"


def _number(
    _context: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Give a new revision the next number instead of a random name: `migrate.head` relies on it."""
    if directives:
        directives[0].rev_id = f"{int(max(revisions(), default='0')) + 1:04d}"


def _spell(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """How a new migration file writes our own types: as what SQLite keeps."""
    plain = {"Instant": "sa.BigInteger()"}.get(type(item).__name__)
    return plain if kind == "type" and plain else False


def _migrate(connection: Connection) -> None:
    """Run what Alembic was asked for, then make sure that no row lost what it points at."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        include_object=_ours,
        render_item=_spell,
        process_revision_directives=_number,
    )
    with context.begin_transaction():
        context.run_migrations()
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        raise DiskTrouble(f"The migration would leave {len(orphans)} rows pointing at nothing; nothing was changed.")


def run() -> None:
    """Open the database, migrate in one transaction, close it."""
    engine = create_engine(_url(), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _plain(dbapi: Any, _record: object) -> None:
        """No transactions of the driver's own; foreign keys are off while tables are rebuilt, and checked after."""
        dbapi.isolation_level = None
        for statement in ("PRAGMA foreign_keys = OFF", "PRAGMA synchronous = FULL", "PRAGMA busy_timeout = 5000"):
            dbapi.execute(statement)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        _migrate(connection)


# Alembic executes this file with its context set up; whoever merely imports it (a doctest run) has none.
if hasattr(context, "config"):
    run()
