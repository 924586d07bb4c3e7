from __future__ import annotations

import sqlite3

import pytest

from smartlogd.store.dating import AS_STAMPED, AT, CORRECTED


@pytest.mark.parametrize(
    ("trusted", "boot", "mono_us", "at"),
    [
        (0, "corrected", 7, 1007),
        (1, "corrected", 7, 50),
        (None, "corrected", 7, 50),
        (0, "corrected", None, 50),
        (0, "unknown", 7, 50),
        (0, "uncorrected", 7, 50),
        (None, None, None, 50),
    ],
)
def test_a_row_is_dated_by_its_stamp_unless_it_was_learnt_better(
    database: sqlite3.Connection, trusted: int | None, boot: str | None, mono_us: int | None, at: int
) -> None:
    made = (
        "INSERT INTO boots (boot_id, started_at, mono_us, clock_trusted, version, zero_at) VALUES (?, 0, 0, 0, '0', ?)"
    )
    database.executemany(made, [("corrected", 1000), ("uncorrected", None)])
    row = (
        "INSERT INTO smartlog (uuid, action, timestamp, boot_id, mono_us, clock_trusted) VALUES ('u', 'I', 50, ?, ?, ?)"
    )
    database.execute(row, (boot, mono_us, trusted))
    found = database.execute(f"SELECT {AT}, coalesce({CORRECTED}, 0), {AS_STAMPED} FROM smartlog AS s").fetchone()
    assert found == (at, int(at != 50), int(at == 50))
