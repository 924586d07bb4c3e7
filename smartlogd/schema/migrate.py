"""From any known version of the tables to the newest.

Alembic is slow to import, and a daemon that starts on a database of the newest version does not need it: which
versions there are is read off the names of the migration files, and only `upgrade` imports it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

APPLICATION_ID = 0x534C4F47
"""The letters SLOG, in SQLite's header field for it: `file smartlog.db` and other programs can tell whose it is."""

HISTORY = Path(__file__).parent / "edge"
"""The folder of the edge's migrations."""


def revisions(history: Path = HISTORY) -> tuple[str, ...]:
    """The known schema versions, oldest first; migration files are numbered, and the number is the version.

    >>> revisions()[0]
    '0001'
    """
    return tuple(sorted(file.name.split("_")[0] for file in (history / "versions").glob("[0-9]*_*.py")))


def head() -> str:
    """The newest schema version."""
    return revisions()[-1]


def create(connection: Connection) -> None:
    """All tables of the edge at the newest version, in the caller's transaction, on an empty SQLite database.

    It gives what `upgrade` gives on an empty file, without importing Alembic; a test holds the two equal.
    """
    from sqlalchemy import text

    from smartlogd.schema.models import Base

    tables = [table for table in Base.metadata.sorted_tables if table.info["side"] in {"edge", "both"}]
    Base.metadata.create_all(connection, tables=tables)
    connection.execute(
        text(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head()})


def upgrade(url: str | URL, to: str = "head") -> None:
    """Bring the database at `url` (sqlite:///...) to the version `to`, in one transaction: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HISTORY).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, to)
