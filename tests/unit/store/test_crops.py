from __future__ import annotations

import datetime as dt
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from smartlogd.schema.instants import micros
from smartlogd.store.crops import LARGEST_BYTES, erase_crop, keep_crop, sweep_crops
from smartlogd.store.losses import LOST
from smartlogd.store.trouble import StoreTrouble

JPEG = b"\xff\xd8a picture of a face\xff\xd9"
AT = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
Seen = Callable[..., UUID]


@pytest.fixture
def faces(folder: Path) -> Path:
    return folder / "faces"


def noted(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT best_crop FROM subjects WHERE best_crop IS NOT NULL ORDER BY 1")
    return [path for (path,) in rows]


def test_a_picture_is_its_owners_alone_and_found_by_its_subject(
    database: sqlite3.Connection, folder: Path, faces: Path, seen: Seen
) -> None:
    stranger = seen()
    for content in (JPEG, JPEG + b"a better one"):
        assert keep_crop(database, faces, stranger, content, AT)
    (path,) = noted(database)
    assert path == f"faces/{stranger}.jpg"
    assert (folder / path).read_bytes() == JPEG + b"a better one"
    assert (folder / path).stat().st_mode & 0o777 == 0o600
    assert faces.stat().st_mode & 0o777 == 0o700
    assert (folder / path).stat().st_mtime == AT.timestamp()
    assert len(list(faces.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"\x89PNG", b"\xff\xd8" + bytes(LARGEST_BYTES)])
def test_what_is_no_small_jpeg_is_left_out(
    database: sqlite3.Connection, faces: Path, seen: Seen, content: bytes
) -> None:
    assert not keep_crop(database, faces, seen(), content, AT)
    assert not faces.exists()
    assert noted(database) == []


def test_a_picture_for_which_there_is_no_room_is_left_out_and_said_once(
    database: sqlite3.Connection, seen: Seen, small_disk: Any, fill: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.store")
    disk = small_disk("size=64k")
    fill(disk)
    stranger = seen()
    assert not keep_crop(database, disk / "faces", stranger, JPEG + bytes(8192), AT)
    assert noted(database) == []
    (record,) = caplog.records
    assert (record.message, record.__dict__["state"]) == ("picture left out", "disk full")
    assert str(stranger) not in str(record.__dict__)


def test_erasing_takes_the_picture_and_the_note_of_it(database: sqlite3.Connection, faces: Path, seen: Seen) -> None:
    stranger, other = seen(), seen()
    for one in (stranger, other):
        keep_crop(database, faces, one, JPEG, AT)
    assert erase_crop(database, faces, stranger)
    assert not erase_crop(database, faces, str(stranger))
    assert [path.stem for path in faces.iterdir()] == [str(other)]
    assert noted(database) == [f"faces/{other}.jpg"]


def test_pictures_go_when_they_are_old_and_leftovers_at_once(
    database: sqlite3.Connection, faces: Path, seen: Seen
) -> None:
    old, new, lost, unknown = (seen() for _ in range(4))
    for stranger, age_h in ((old, 73), (new, 71), (lost, 1), (unknown, 1)):
        keep_crop(database, faces, stranger, JPEG, AT - dt.timedelta(hours=age_h))
    (faces / f"{lost}.jpg").unlink()
    database.execute("UPDATE subjects SET best_crop = NULL WHERE uuid = ?", (str(unknown),))
    (faces / ".new-1234").write_bytes(JPEG)
    assert sweep_crops(database, faces, AT - dt.timedelta(hours=72)) == 2
    assert [path.stem for path in faces.iterdir()] == [str(new)]
    assert noted(database) == [f"faces/{new}.jpg"]
    assert sweep_crops(database, faces, AT - dt.timedelta(hours=72)) == 0


def test_where_no_picture_ever_was_there_is_nothing_to_sweep(database: sqlite3.Connection, faces: Path) -> None:
    assert sweep_crops(database, faces, AT) == 0


def test_a_folder_that_cannot_be_swept_is_told(database: sqlite3.Connection, faces: Path, seen: Seen) -> None:
    stranger = seen()
    (faces / f"{stranger}.jpg").mkdir(parents=True)
    with pytest.raises(StoreTrouble):
        sweep_crops(database, faces, AT)


def test_a_picture_that_is_left_out_for_want_of_room_is_a_loss(
    database: sqlite3.Connection, seen: Seen, small_disk: Any
) -> None:
    disk = small_disk("size=12k")
    assert not keep_crop(database, disk / "faces", seen(), JPEG + bytes(16384), AT)
    assert not keep_crop(database, disk / "faces", seen(), b"", AT)
    (lost,) = database.execute("SELECT value FROM meta WHERE key = ?", (LOST,)).fetchone()
    assert json.loads(lost) == {"pictures": [2, len(JPEG) + 16384, micros(AT), micros(AT)]}
