"""From any known version of the tables to the newest.

SQLAlchemy and Alembic are slow to import, and a daemon that starts on a new database, or on one of the newest version,
does not wait for them: which versions there are is read off the names of the migration files, a new database is made
of statements kept ready in `newest.sql`, and only `upgrade` imports anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.errors import UnusableInput

if TYPE_CHECKING:
    import sqlite3
    from typing import TypeAlias

    from sqlalchemy import URL

    DatabaseUrl: TypeAlias = URL
    """What `reachable` gives, for rooms that know no SQLAlchemy."""

APPLICATION_ID = 0x534C4F47
"""The letters SLOG, in SQLite's header field for it: `file smartlog.db` and other programs can tell whose it is."""

HISTORY = Path(__file__).parent / "history"
"""The folder of the migrations, each of which knows both sides."""

NEWEST = Path(__file__).parent / "edge" / "newest.sql"
"""The tables at the newest version, as `schema.snapshot` wrote them."""


def revisions(history: Path = HISTORY) -> tuple[str, ...]:
    """The known schema versions, oldest first; migration files are numbered, and the number is the version.

    >>> revisions()[0]
    '0001'
    """
    return tuple(sorted(file.name.split("_")[0] for file in (history / "versions").glob("[0-9]*_*.py")))


def head() -> str:
    """The newest schema version."""
    return revisions()[-1]


def create(connection: sqlite3.Connection) -> None:
    """All tables of the edge at the newest version, on an empty database, in the caller's transaction.

    It gives what `upgrade` gives on an empty file, without importing anything; a test holds the two equal.
    """
    for statement in NEWEST.read_text().split(";\n"):
        connection.execute(statement)


def upgrade(url: str | URL, to: str = "head") -> None:
    """Bring the database at `url` (sqlite:///...) to the version `to`, in one transaction: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HISTORY).replace("%", "%%"))
    config.attributes["url"] = url
    command.upgrade(config, to)


def reachable(url: str | URL) -> URL:
    """The URL with the driver that is used for its side: whichever it names, sqlite3 or psycopg.

    UnusableInput for what is no URL, or names another kind of database.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    hint = "Give sqlite:///PATH/smartlog.db for a device's own database, postgresql://... for the centre's."
    try:
        made = make_url(url)
    except ArgumentError as error:
        raise UnusableInput("The database's URL cannot be read.", hint) from error
    driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}.get(made.get_backend_name())
    if driver is None:
        raise UnusableInput(f"There are no tables of ours for {made.get_backend_name()!r}.", hint)
    return made.set(drivername=driver)
