"""Each promise of docs/STORAGE.md is asked of the disk, and a broken one is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from smartlogd.base.errors import Fate, Missing
from smartlogd.store import check
from smartlogd.store.check import checked, faults_of, look_over
from smartlogd.store.quarantine import is_marked
from smartlogd.store.trouble import StoreTrouble

USER = "INSERT INTO users (id, uid, role, created_at, updated_at) VALUES (1, 'o', 'owner', 0, 0)"
DEVICE = (
    "INSERT INTO devices (id, user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
    " VALUES (1, 1, 'door', 'camera', 'offline', '[]', 1, 'e', 0)"
)
CLIP = (
    "INSERT INTO clips (start_ts, duration_ms, user_id, device_id, event_id, path, labels, phase)"
    " VALUES (0, 1, 1, 1, 'e', 'clips/a.mp4', '[]', 'kept')"
)
FACE = (
    "INSERT INTO face_templates (id, subject, model, vector, quality, source, created_at)"
    " VALUES ('f', ?, 'm', 'v', 1, 'track', 0)"
)
SUBJECT = (
    "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen, best_crop)"
    " VALUES (?, 1, 0, 0, 0, 'faces/x.jpg')"
)


def spoil(path: Path) -> None:
    """Noise on a leaf of the events' table."""
    place = path.read_bytes().index(b"word-of-the-thousandth") // 2048
    with path.open("r+b") as file:
        file.seek(2048 * place)
        file.write(b"\xa5" * 2048)


@pytest.fixture
def broken(database: sqlite3.Connection, folder: Path) -> Path:
    for statement in (USER, DEVICE):
        database.execute(statement)
    row = "INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, ?, 0, '{}', ?, 1)"
    database.executemany(row, [("word-of-the-thousandth" if n == 1000 else "sit", str(uuid4())) for n in range(2000)])
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    spoil(folder / "smartlog.db")
    return folder / "smartlog.db"


def test_a_whole_log_has_nothing_to_tell(database: sqlite3.Connection, folder: Path) -> None:
    steps: list[str] = []
    assert checked(folder, steps.append) == ()
    assert steps[0] == "pages"
    assert faults_of(folder / "smartlog.db") == []
    assert look_over(folder / "smartlog.db")


def test_a_broken_page_is_found_by_both_looks_and_noted_by_the_quick_one(broken: Path) -> None:
    assert "pages" in {finding.about for finding in checked(broken.parent) if finding.grave}
    assert not is_marked(broken)
    with pytest.raises(StoreTrouble, match="is damaged") as caught:
        look_over(broken)
    assert caught.value.fate is Fate.FATAL
    assert is_marked(broken)
    assert "marks" in {finding.about for finding in checked(broken.parent)}


def test_a_large_log_is_read_newest_first_for_as_long_as_there_is_time(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_SMALL_BYTES", 0)
    assert look_over(broken, -1.0) is False
    assert not is_marked(broken)
    with pytest.raises(StoreTrouble, match="is damaged"):
        look_over(broken, 60.0)


def test_every_broken_promise_is_named(database: sqlite3.Connection, folder: Path) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    for statement in (USER, DEVICE, CLIP):
        database.execute(statement)
    database.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('event', '77', 1, 0)")
    database.execute("INSERT INTO smartlog (user_id, action, timestamp) VALUES (9, 'I', 0)")
    database.execute("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'smartlog'")
    stranger = str(uuid4())
    database.execute(SUBJECT, (stranger,))
    database.execute(FACE, (stranger,))
    (folder / "clips").mkdir()
    (folder / "clips" / "stray.mp4").touch()
    grave = {finding.about for finding in checked(folder) if finding.grave}
    assert grave == {"references", "events before media", "files of media", "outbox", "numbers", "faces"}
    assert "1 rows of events were deleted before the centre had acknowledged them." in {
        finding.what for finding in checked(folder)
    }
    assert any("pictures of faces are gone" in finding.what for finding in checked(folder) if not finding.grave)


def test_no_log_is_no_fault(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no log"):
        checked(tmp_path)
