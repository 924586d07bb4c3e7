"""What a row of a table looks like, so that rows can be told from noise, and one table's rows from another's."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float | bytes | None

_KINDS: dict[str, tuple[type, ...]] = {
    "INTEGER": (int,), "BIGINT": (int,), "BOOLEAN": (int,), "FLOAT": (int, float), "VARCHAR": (str,), "DATE": (str,),
    "BLOB": (bytes,), "JSON": (str, int, float), "TEXT": (str,), "INT": (int,),
}  # fmt: skip
"""What SQLite hands back for a declared type. JSON text that is a number comes back as one."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what its cells may be. `is_rowid`: an INTEGER PRIMARY KEY, kept in the row's number alone."""

    name: str
    kinds: tuple[type, ...]
    most: int | None
    has_to_be: bool
    is_rowid: bool

    def takes(self, cell: Cell) -> bool:
        """Whether the column may hold it."""
        if cell is None:
            return not self.has_to_be
        return isinstance(cell, self.kinds) and (self.most is None or not isinstance(cell, str) or self._fits(cell))

    def _fits(self, text: str) -> bool:
        return self.most is None or len(text) <= self.most


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table."""

    table: str
    columns: tuple[Column, ...]

    def takes(self, row: Sequence[Cell]) -> bool:
        """Whether these cells, one for each column, can be a row of the table."""
        return all(column.takes(cell) for column, cell in zip(self.columns, row, strict=True))

    def whole(self, rowid: int, record: Sequence[Cell]) -> tuple[Cell, ...] | None:
        """The row that a raw record means, its number put where it belongs; None where it is none of this table.

        A record may be shorter than the table: columns that were added later are null in it.
        """
        if len(record) > len(self.columns):
            return None
        cells = (*record, *(None,) * (len(self.columns) - len(record)))
        if any(column.is_rowid and cell is not None for column, cell in zip(self.columns, cells, strict=True)):
            return None
        row = tuple(rowid if column.is_rowid else cell for column, cell in zip(self.columns, cells, strict=True))
        return row if self.takes(row) else None


def shape_of(connection: sqlite3.Connection, table: str) -> Shape:
    """The shape of a table in an open database; it has no columns where there is no such table."""
    rows = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    return Shape(table, tuple(_column(row) for row in rows))


def tables_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Our tables in an open database; SQLite's own and Alembic's are not among them."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    return tuple(name for (name,) in connection.execute(named) if name != "alembic_version")


def _column(row: Sequence[object]) -> Column:
    """A column, from a row of PRAGMA table_info."""
    (_, name, declared, not_null, _, key) = row
    word, most = re.fullmatch(r"(\w+)(?:\((\d+)\))?", str(declared)).groups()  # type: ignore[union-attr]  # ours all match
    is_rowid = bool(key) and word == "INTEGER"
    return Column(str(name), _KINDS[word], int(most) if most else None, bool(not_null or key), is_rowid)
