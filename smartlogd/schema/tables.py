"""What all tables share: names for their constraints, and where each of them lives.

A table says in `info["side"]` where it is: "both", "edge" (SQLite) or "central" (PostgreSQL). Constraints and indexes
that only one side has say so with `on_edge` and `at_centre`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Constraint, ForeignKeyConstraint, Index, Integer, MetaData, text
from sqlalchemy.orm import DeclarativeBase

from smartlogd.base.time import SystemClock

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""Every constraint has a name, so that a later migration can take it away again."""

Piece = TypeVar("Piece", bound=Constraint | Index)

Counted = BigInteger().with_variant(Integer, "sqlite")
"""A growing integer key: 64 bits on PostgreSQL; on SQLite only INTEGER names the rowid, which has as many."""


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMES)


def now() -> dt.datetime:
    """The instant at which a row without a stamp of its own is written."""
    return SystemClock().now().utc


def where_known(column: str) -> Index:
    """An index of the few rows in which the column is not null; the many others cost nothing."""
    known = text(f"{column} IS NOT NULL")
    return Index(None, column, sqlite_where=known, postgresql_where=known)


def of_untrusted_clocks() -> Index:
    """An index of the few rows whose clock was not trusted, by the daemon's start that a later word may correct."""
    return Index(None, "device_id", "boot_id", postgresql_where=text("clock_trusted = false"))


def on_edge(piece: Piece) -> Piece:
    """A constraint or index that only the device's SQLite has."""
    return _only(piece, "sqlite")


def at_centre(piece: Piece) -> Piece:
    """A constraint or index that only the central PostgreSQL has."""
    return _only(piece, "postgresql")


def untrusted() -> Index:
    """On the edge, an index of the rows stamped by a clock not trusted, which may yet be dated better."""
    return on_edge(Index(None, "boot_id", "mono_us", sqlite_where=text("clock_trusted = 0")))


def pointing(column: str, at: str) -> ForeignKeyConstraint:
    """A foreign key that is kept on the edge only.

    At the centre the table is a hypertable, whose rows come through `api.ingest`, which looks the rows up itself;
    compression allows no such key.
    """
    return on_edge(ForeignKeyConstraint([column], [at]))


def _only(piece: Piece, dialect: str) -> Piece:
    piece.info["dialect"] = dialect
    piece.ddl_if(dialect=dialect)
    return piece


def is_of(info: dict[Any, Any], dialect: str) -> bool:
    """Whether a table, constraint or index with this `info` belongs to a database of that dialect.

    >>> is_of({"side": "edge"}, "postgresql"), is_of({"side": "both"}, "sqlite"), is_of({"dialect": "sqlite"}, "sqlite")
    (False, True, True)
    """
    side = {"sqlite": "edge", "postgresql": "central"}[dialect]
    return info.get("side", "both") in {"both", side} and info.get("dialect", dialect) == dialect


def one_of(column: str, words: Iterable[str]) -> str:
    """The text of a CHECK that allows these words only.

    >>> one_of("action", ("I", "O"))
    "action IN ('I', 'O')"
    """
    return f"{column} IN ({', '.join(map(repr, words))})"
