"""The instant of a change."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

from smartlogd.base.time import Stamp
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Work


def test_a_change_happens_at_one_instant_as_the_tables_keep_it(tmp_path: Path) -> None:
    at = Stamp(0, dt.datetime(2026, 1, 1, 0, 0, 0, 250, tzinfo=dt.UTC), trusted=True)
    with closing(sqlite3.connect(":memory:")) as connection:
        assert Work(connection, Keys.open(tmp_path), tmp_path, at).at_us == 1767225600000250
