"""Reads what can be read of a damaged table, by its rows' numbers, coming nearer to the broken page from both sides.

SQLite gives up a whole query at the first broken page. Asked for rows from the other end it reads up to that page
again; what lies between is halved, and both halves are asked for, until what is left cannot be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from smartlogd.store.shape import Cell

_MISSES = 500
"""So many queries without a row, one after the other, and the rest of the gap is given up: it hangs by a broken page
that leads to many others, and is left to those who read the pages themselves."""
_MOST = 2**40
"""Where a table's last number cannot be read, no row is looked for beyond this."""


class Gap(NamedTuple):
    """Rows whose numbers lie between these two could not be read, as far as there were any."""

    first: int
    last: int


class Reached(NamedTuple):
    """How one query ended: the last row's number (None: no row came), and whether it came to its end."""

    last: int | None
    is_done: bool


def readable(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], gaps: list[Gap]
) -> Iterator[tuple[Cell, ...]]:
    """The rows of `table`, newest first, each with its number before it; what cannot be read is noted in `gaps`."""
    names = ", ".join(f'"{name}"' for name in columns)
    query = f'SELECT rowid, {names} FROM "{table}" WHERE rowid BETWEEN ? AND ? ORDER BY rowid '  # noqa: S608 - our own tables
    waiting, misses = [Gap(*_bounds(connection, table))], 0
    while waiting:
        first, last = waiting.pop()
        for direction, narrowed in _DIRECTIONS:
            reached = yield from _read(connection, query + direction, Gap(first, last))
            misses = misses + 1 if reached.last is None else 0
            if reached.is_done:
                break
            first, last = narrowed(first, last, reached.last)
        if reached.is_done or first > last:
            continue
        if first == last or misses > _MISSES:
            gaps.append(Gap(first, last))
            continue
        middle = (first + last) // 2
        waiting += [Gap(first, middle), Gap(middle + 1, last)]


def _below(first: int, last: int, reached: int | None) -> tuple[int, int]:
    """What is left after reading downwards."""
    return first, last if reached is None else reached - 1


def _above(first: int, last: int, reached: int | None) -> tuple[int, int]:
    """What is left after reading upwards."""
    return first if reached is None else reached + 1, last


_DIRECTIONS: tuple[tuple[str, Callable[[int, int, int | None], tuple[int, int]]], ...] = (
    ("DESC", _below),
    ("ASC", _above),
)


def _read(connection: sqlite3.Connection, query: str, span: Gap) -> Generator[tuple[Cell, ...], None, Reached]:
    """The rows of one query until it ends or meets a broken page; returns (to `yield from`) how far it came."""
    last: int | None = None
    try:
        for row in connection.execute(query, span):
            last = row[0]
            yield row
    except sqlite3.DatabaseError:
        return Reached(last, is_done=False)
    return Reached(last, is_done=True)


def _bounds(connection: sqlite3.Connection, table: str) -> tuple[int, int]:
    """The lowest and highest number that a row can have."""
    first = _asked(connection, f'SELECT min(rowid) FROM "{table}"', 1)  # noqa: S608 - our own tables
    return first, max(first, _asked(connection, f'SELECT max(rowid) FROM "{table}"', _last_given(connection, table)))  # noqa: S608 - our own tables


def _last_given(connection: sqlite3.Connection, table: str) -> int:
    """The highest number that was ever given to a row, where the table counts on."""
    return _asked(connection, f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'", _MOST)  # noqa: S608 - our own tables


def _asked(connection: sqlite3.Connection, query: str, otherwise: int) -> int:
    """The number, or another one where it cannot be read or there is none."""
    try:
        found = connection.execute(query).fetchone()
    except sqlite3.DatabaseError:
        return otherwise
    return otherwise if found is None or found[0] is None else int(found[0])
