"""Writes `edge/newest.sql`: the edge's tables at the newest version, as a new database is made of them.

A new database could be made by running the migrations or by `create_all`, but both wait a second (five on a small Pi)
for imports. So the statements are kept ready, and tests hold the three ways equal. After a change of the tables:
`python -m smartlogd.schema.snapshot`.
"""

from __future__ import annotations

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from smartlogd.schema.migrate import APPLICATION_ID, NEWEST, head
from smartlogd.schema.models import Base
from smartlogd.schema.readable import SMARTLOG_READABLE
from smartlogd.schema.tables import is_of

_NOTE = """\
-- Made by `python -m smartlogd.schema.snapshot` from smartlogd/schema/models.py; not edited by hand.
-- Instants (created_at, ts, timestamp, ...) are whole microseconds since 1970 UTC; smartlog_readable shows dates.
"""
_VERSION = """\
CREATE TABLE alembic_version (
\tversion_num VARCHAR(32) NOT NULL,
\tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)"""


def _sql(made: ClauseElement) -> str:
    """The statement as SQLite takes it."""
    return str(made.compile(dialect=sqlite.dialect()))


def snapshot() -> str:
    """The statements, each ended by a semicolon at the end of a line."""
    statements: list[str] = []
    for table in Base.metadata.sorted_tables:
        if is_of(table.info, "sqlite"):
            statements.append(_sql(CreateTable(table)))
            ours = (index for index in table.indexes if is_of(index.info, "sqlite"))
            indexes = sorted(ours, key=lambda index: str(index.name))
            statements += [_sql(CreateIndex(index)) for index in indexes]
    statements += [
        SMARTLOG_READABLE,
        _VERSION,
        f"INSERT INTO alembic_version VALUES ('{head()}')",  # noqa: S608 - the number of a file of ours
        f"PRAGMA application_id = {APPLICATION_ID}",
    ]
    text = _NOTE + "".join(f"{statement.strip()};\n" for statement in statements)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


if __name__ == "__main__":
    NEWEST.write_text(snapshot())
