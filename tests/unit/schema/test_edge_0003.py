from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from smartlogd.schema.migrate import upgrade

ROOT = Path(__file__).parents[3]
ROWS = """
INSERT INTO users VALUES (1, 'u', NULL, 'Resident', 'member', 0, 0, NULL, NULL);
INSERT INTO devices VALUES (1, 1, 'door', 'camera', 'online', '[]', 0, NULL, '0.1.0', 1, 'e', 0);
INSERT INTO subjects VALUES ('s', 1, 0, 0, NULL, 5, 9, NULL);
INSERT INTO tombstones (uid, what, at) VALUES ('gone', 'person', 4);
INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, 'sit', 7, '{}', 'x', 1);
INSERT INTO smartlog (uuid, user_id, action, timestamp) VALUES ('s', 1, 'I', 6);
"""
READ = ("SELECT uid, name FROM users", "SELECT uuid, user_id FROM subjects", "SELECT uid, what, at FROM tombstones",
        "SELECT id, ts, event_id FROM events", "SELECT id, uuid, timestamp FROM smartlog")  # fmt: skip


def read(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(statement).fetchall() for statement in READ]


def test_rows_of_the_version_before_are_kept_on_the_way_up_and_down(tmp_path: Path, url: str) -> None:
    path = tmp_path / "smartlog.db"
    upgrade(url, "0002")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS)
    before = read(path)
    upgrade(url)
    assert read(path) == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT rev FROM subjects").fetchall() == [(0,)]
        connection.execute("INSERT INTO tombstones (uid, what, heir, at) VALUES ('m', 'merged', 'u', 5)")
        connection.execute("DELETE FROM tombstones WHERE what = 'merged'")
        connection.commit()
    words = ["alembic", "-x", f"url={url}", "downgrade", "-1"]
    subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=os.environ, capture_output=True, check=True)
    assert read(path) == before
