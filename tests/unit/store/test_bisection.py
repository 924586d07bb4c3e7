"""A broken page costs its own rows and no others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from smartlogd.store.bisection import Gap, readable

PAGE = 2048


def made(path: Path) -> int:
    """A table of 2,000 rows; gives the page of one of its leaves in the middle."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", ((n, f"row {n:050}") for n in range(1, 2001)))
        connection.commit()
    return path.read_bytes().index(f"row {1000:050}".encode()) // PAGE


def test_rows_around_a_broken_page_are_read_from_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    broken = made(path)
    with path.open("r+b") as file:
        file.seek(broken * PAGE)
        file.write(b"\xff" * PAGE)
    gaps: list[Gap] = []
    with closing(sqlite3.connect(path)) as connection:
        rows = list(readable(connection, "t", ("id", "text"), gaps))
    ids = {row[0] for row in rows}
    assert len(ids) == len(rows) > 1950
    assert 1000 not in ids
    lost = {number for gap in gaps for number in range(gap.first, gap.last + 1)}
    assert lost == set(range(1, 2001)) - ids


def test_a_whole_table_is_read_newest_first_without_gaps(tmp_path: Path) -> None:
    made(tmp_path / "t.db")
    gaps: list[Gap] = []
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        ids = [row[0] for row in readable(connection, "t", ("text",), gaps)]
    assert ids == list(range(2000, 0, -1))
    assert gaps == []
