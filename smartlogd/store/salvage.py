"""Saves what can be read of a damaged database into another one.

Every table is read by bisection first; what hangs by a broken page is read off the pages themselves. Rows go in with
INSERT OR IGNORE, some thousand at a time, so that saving twice doubles nothing and needs little memory. What a row
points at and is lost gets a placeholder; a row that the newest tables do not allow is left out. What is not known to
have been acknowledged by the centre is put into the outbox again: sending twice is harmless.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from smartlogd.base.time import monotonic_s
from smartlogd.schema.migrate import head, revisions
from smartlogd.store.bisection import Gap, readable
from smartlogd.store.leaves import Pages, Record, owner_of
from smartlogd.store.pragmas import READING
from smartlogd.store.recognise import reading
from smartlogd.store.refer import References
from smartlogd.store.shape import Cell, Column, Shape, shape_of, tables_of

_FIRST = (
    "users", "devices", "boots", "meta", "tombstones", "models", "routines", "device_metrics_daily",
    "ai_metrics_daily", "smartlog", "events", "subjects", "face_templates", "clips", "snapshots", "outbox",
    "dead_letters",
)  # fmt: skip
"""What others point at, and the small tables; then the log itself, newest first, should the time run out. The outbox
comes last, for it is made anew where it was not read whole."""
_AT_ONCE = 2000
_COUNTING = frozenset({"events", "smartlog", "outbox"})
_UNKNOWN = 2**31
"""A gap that is wider has no known end."""
_LEAP = 10_000_000
"""So many numbers are left free where it is not known how far the damaged database had counted."""
_SEQUENCE = Shape(
    "sqlite_sequence",
    (
        Column("name", (str,), None, has_to_be=True, is_rowid=False),
        Column("seq", (int,), None, has_to_be=True, is_rowid=False),
    ),
)
"""SQLite's own table of last numbers, declared without types; its rows must not be taken for those of `meta`."""

Told = Callable[[str, int], None]
"""Is told now and then of a table and how many rows of it are saved."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved: rows by table, and at most how many were lost by table, where any were.

    `is_whole`: everything that can be read was read; else the time ran out. `read_raw` counts the rows that were read
    off the pages themselves; `placeholders` what had to be put in place of what is lost.
    """

    saved: Mapping[str, int]
    lost: Mapping[str, int]
    read_raw: int
    placeholders: int
    is_whole: bool
    broken: frozenset[str] = frozenset()
    """Tables in which a broken page was met."""

    def told(self) -> str:
        """One sentence about it."""
        rows, lost = sum(self.saved.values()), sum(self.lost.values())
        words = "none is known to be lost" if not lost else f"at most {lost:,} are lost"
        rest = "" if self.is_whole else " The time ran out: `smartlogd db salvage` reads the rest."
        return f"{rows:,} rows were saved, {words}.{rest}"


@dataclass(slots=True)
class _Tally:
    """How far it is."""

    saved: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    ends: dict[str, Gap] = field(default_factory=dict)
    is_whole: bool = True

    def note(self, table: str, records: Sequence[Record]) -> None:
        """These were found in the gaps."""
        numbers = [record.rowid for record in records]
        if numbers:
            self.found[table] = self.found.get(table, 0) + len(numbers)
            ends = self.ends.get(table, Gap(numbers[0], numbers[0]))
            self.ends[table] = Gap(min(ends.first, *numbers), max(ends.last, *numbers))


def version_in(source: Path) -> str:
    """The version of the tables in a damaged database; the newest where it cannot be read."""
    try:
        with closing(reading(source)) as connection:
            (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError):
        return head()
    return found if found in revisions() else head()


def saved_into(
    target: sqlite3.Connection,
    source: Path,
    *,
    device: str | None = None,
    at_us: int,
    limit_s: float | None = None,
    told: Told | None = None,
) -> Salvage:
    """Save what can be read in the database `source` into the open `target`; gives what was saved.

    `target` has our tables of the version that `version_in` says, its foreign keys are not enforced, and no
    transaction is open. `source` is not changed. `device` is what a lost row of `devices` was called. With `limit_s`
    it stops after so many seconds; what was saved by then is a whole database all the same.
    """
    deadline_s = None if limit_s is None else monotonic_s() + limit_s
    tally, references = _Tally(), References(target, device=device, at_us=at_us)
    names = tables_of(target)
    order = [name for name in _FIRST if name in names] + [name for name in names if name not in _FIRST]
    with ExitStack() as open_files:
        connection = _opened(source, open_files)
        for shape in (shape_of(target, name) for name in order):
            gaps = tally.gaps.setdefault(shape.table, [])
            rows = _rows(connection, shape, gaps) if connection else _nothing(gaps)
            _pour(target, shape, rows, tally, references, deadline_s, told)
        broken = [name for name in order if tally.gaps[name]]
        read_raw = _off_the_pages(target, source, order, broken, tally, references, deadline_s) if broken else 0
        last = _last_numbers(connection) if connection else {}
    target.execute("BEGIN IMMEDIATE")
    placeholders = references.completed()
    _count_on(target, last, 0 if tally.is_whole and connection else _LEAP)
    target.execute("COMMIT")
    return Salvage(tally.saved, _lost(tally), read_raw, placeholders, tally.is_whole, frozenset(broken))


def _last_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """The highest number that each counting table ever gave, as far as that can be read."""
    try:
        return {str(name): int(last) for name, last in connection.execute("SELECT name, seq FROM sqlite_sequence")}
    except (sqlite3.Error, TypeError, ValueError):
        return {}


def _count_on(target: sqlite3.Connection, last: Mapping[str, int], leap: int) -> None:
    """Let no number be given twice: where rows may still be saved later, theirs are left free."""
    for name in sorted(_COUNTING & set(tables_of(target))):
        (highest,) = target.execute(f"SELECT coalesce(max(rowid), 0) FROM {name}").fetchone()  # noqa: S608 - our own tables
        target.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        number = max(highest, last.get(name, 0)) + leap
        target.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, number))


def _opened(source: Path, open_files: ExitStack) -> sqlite3.Connection | None:
    """The damaged database with its -wal, to be read only; None where not even its tables' names can be read."""
    try:
        connection = open_files.enter_context(closing(reading(source)))
        for pragma in (*READING, "PRAGMA cell_size_check = ON"):
            connection.execute(pragma)
    except sqlite3.Error:
        return None
    connection.text_factory = _text
    return connection


def _text(written: bytes) -> str | None:
    """A cell of text, or nothing where a broken page made nonsense of it."""
    try:
        return written.decode()
    except UnicodeDecodeError:
        return None


def _rows(connection: sqlite3.Connection, shape: Shape, gaps: list[Gap]) -> Iterator[tuple[Cell, ...]]:
    """The rows of a table as the target wants them; columns that the source has not are null."""
    there = {column.name for column in shape_of(connection, shape.table).columns}
    columns = tuple(column.name for column in shape.columns if column.name in there)
    if not columns:
        yield from _nothing(gaps)
        return
    places = [columns.index(column.name) + 1 if column.name in there else None for column in shape.columns]
    for row in readable(connection, shape.table, columns, gaps):
        whole = tuple(None if place is None else row[place] for place in places)
        if shape.takes(whole):
            yield whole


def _nothing(gaps: list[Gap]) -> Iterator[tuple[Cell, ...]]:
    """A table to which nothing leads."""
    gaps.append(Gap(-(2**63), 2**63 - 1))
    yield from ()


def _pour(
    target: sqlite3.Connection,
    shape: Shape,
    rows: Iterable[tuple[Cell, ...]],
    tally: _Tally,
    references: References,
    deadline_s: float | None,
    told: Told | None = None,
) -> None:
    """Put the rows into the target, a transaction for each couple of thousand, until the time runs out."""
    stream = iter(rows)
    while True:
        if deadline_s is not None and monotonic_s() > deadline_s:
            tally.is_whole = False
            return
        batch = list(islice(stream, _AT_ONCE))
        if not batch:
            return
        target.execute("BEGIN IMMEDIATE")
        tally.saved[shape.table] = tally.saved.get(shape.table, 0) + references.insert(shape, batch)
        target.execute("COMMIT")
        if told:
            told(shape.table, tally.saved[shape.table])


def _off_the_pages(
    target: sqlite3.Connection,
    source: Path,
    names: list[str],
    broken: list[str],
    tally: _Tally,
    references: References,
    deadline_s: float | None,
) -> int:
    """Read what SQLite found no way to: rows of the broken tables whose numbers lie in their gaps; how many."""
    shapes = [*(shape_of(target, name) for name in names), _SEQUENCE]
    count = 0
    with closing(Pages(source)) as pages:
        for records in pages.leaves():
            shape = owner_of(records, shapes)
            if shape is None or shape.table not in broken:
                continue
            gaps = tally.gaps[shape.table]
            new = [record for record in records if any(gap.first <= record.rowid <= gap.last for gap in gaps)]
            rows = (shape.whole(record.rowid, record.cells) for record in new)
            _pour(target, shape, (row for row in rows if row is not None), tally, references, deadline_s)
            tally.note(shape.table, new)
            count += len(new)
            if not tally.is_whole:
                break
    return count


def _lost(tally: _Tally) -> dict[str, int]:
    """At most how many rows of each table are lost: the numbers in its gaps that were not found again.

    A gap whose end is not known ends with the last row that was found in it.
    """
    lost = {}
    for table, gaps in tally.gaps.items():
        ends = tally.ends.get(table, Gap(1, 0))
        known = [gap if gap.last - gap.first < _UNKNOWN else ends for gap in gaps]
        width = sum(gap.last - gap.first + 1 for gap in known)
        if (missing := width - tally.found.get(table, 0)) > 0:
            lost[table] = missing
    return lost
