"""What the centre has besides tables: functions, views, triggers, roles, hypertables.

None of these has a history. Before every migration they are taken away, so that a table may change under them, and
after every upgrade to the newest version they are put back as the files in `central/` say, in the same transaction.
Putting back what stands there already changes nothing; an extension that was installed meanwhile is found by it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.schema.migrate import head

if TYPE_CHECKING:
    from sqlalchemy import Connection

CENTRAL = Path(__file__).parent / "central"
"""The SQL of the centre. The files are numbered in the order in which they build on each other."""

_TAKEN_AWAY = "DROP SCHEMA IF EXISTS report, api, internal CASCADE"


def chapters() -> tuple[Path, ...]:
    """The files of the centre's SQL, in their order."""
    return tuple(sorted(CENTRAL.glob("[0-9][0-9]_*.sql")))


def take_away(connection: Connection) -> None:
    """Drop the centre's functions and views, and with them the triggers that call them."""
    connection.exec_driver_sql(_TAKEN_AWAY)


def put_back(connection: Connection) -> None:
    """Make all of it again, if the tables stand at the newest version; else leave the database without."""
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    if list(found) != [head()]:
        return
    plainly = connection.execution_options(no_parameters=True)
    for chapter in chapters():
        plainly.exec_driver_sql(chapter.read_text())
