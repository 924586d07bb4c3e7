"""Rows are found on their pages when nothing leads to them any more."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smartlogd.store.leaves import Broken, Pages, decoded, owner_of, varint
from smartlogd.store.shape import shape_of, tables_of

ROWS = [(1, "in", 0.5, b"\x00\xff", None), (2**40, "ü" * 5000, -1.5, b"", -(2**33)), (-3, "", 0.0, None, 1)]


@pytest.mark.parametrize("size", [2048, 4096])
@pytest.mark.parametrize("loses_head", [False, True])
def test_every_row_is_found_also_without_the_first_page_and_across_pages(
    tmp_path: Path, size: int, *, loses_head: bool
) -> None:
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {size}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b REAL, c, d)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", ROWS)
        connection.executemany("INSERT INTO t (a) VALUES (?)", [(f"row {n}",) for n in range(2000)])
        connection.commit()
    if loses_head:
        with path.open("r+b") as file:
            file.write(b"\xaa" * size)
    with closing(Pages(path)) as pages:
        found = {record.rowid: record.cells for records in pages.leaves() for record in records}
    for row in ROWS:
        assert found[row[0]][1:] == row[1:]
    assert sum(1 for cells in found.values() if cells[1:2] and str(cells[1]).startswith("row ")) == 2000


def test_what_was_committed_to_the_wal_counts_and_what_was_not_does_not(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES ('committed')")
        shutil.copy(path, tmp_path / "cut.db")
        wal = path.with_name("t.db-wal").read_bytes()
    (tmp_path / "cut.db-wal").write_bytes(wal + wal[32:200])
    with closing(Pages(tmp_path / "cut.db")) as pages:
        assert ("committed",) in {record.cells for records in pages.leaves() for record in records}
    (tmp_path / "cut.db-wal").write_bytes(wal[:-1])
    with closing(Pages(tmp_path / "cut.db")) as pages:
        assert ("committed",) not in {record.cells for records in pages.leaves() for record in records}


def test_whose_rows_they_are_is_told_by_their_columns(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('event', '1', 1, 0)")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shapes = [shape_of(database, name) for name in tables_of(database)]
    path = Path(database.execute("PRAGMA database_list").fetchone()[2])
    with closing(Pages(path)) as pages:
        owners = [owner_of(records, shapes) for records in pages.leaves()]
    assert "outbox" in {owner.table for owner in owners if owner}


@pytest.mark.parametrize("body", [b"", b"\x02\x0a", b"\x04\x00\x01", b"\x03\x01\x01", b"\x02\x01\x05\x05"])
def test_a_row_that_is_none_is_called_broken(body: bytes) -> None:
    with pytest.raises((Broken, IndexError)):
        decoded(body)


def test_numbers_have_up_to_nine_bytes() -> None:
    assert varint(b"\x7f", 0) == (127, 1)
    assert varint(b"\xff" * 9, 0) == (2**64 - 1, 9)
