"""Rows as they go over the wire: every field of a kind, exact numbers, no way to spoil a batch."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.store.begin import begin
from smartlogd.store.exchange import seal_of
from smartlogd.store.keys import Keys
from smartlogd.store.payload import Moment, items
from smartlogd.store.templates import about

AT_US = 1_795_348_800_123_457
MOMENT = Moment(0, "[]")
THIRD = 1 / 3
SUBJECT = str(UUID(int=5))


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    database.execute(
        "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES ('owner', 'local owner', 'owner', 1, 1),"
        " ('anna', 'Anna \"A\" ☃', 'member', 1, 2)"
    )
    database.execute(
        "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
        " VALUES (1, 'door', 'camera', 'online', '[]', 1, 'e', 0)"
    )
    begin(database)
    return database


def told(log: sqlite3.Connection, folder: Path, kind: str) -> list[dict[str, Any]]:
    """The items of one kind that wait, without what all have."""
    seqs = [seq for (seq,) in log.execute("SELECT seq FROM outbox WHERE kind = ? ORDER BY seq", (kind,))]
    found = [json.loads(item.body or "null") for item in items(log, Keys.open(folder), kind, seqs, MOMENT)]
    for seq, item in zip(seqs, found, strict=True):
        assert (item.pop("seq"), item.pop("kind"), item.pop("v")) == (seq, kind, 1)
    return found


def test_an_event_carries_its_passing(log: sqlite3.Connection, folder: Path) -> None:
    log.execute(
        "INSERT INTO events (user_id, type, ts, data, video_ts_ms, event_id, device_id, subject_uuid, subject_user_id,"
        " ended_at, boot_id, mono_us, clock_trusted)"
        " VALUES (1, 'crossing', ?, '{\"line\": \"dóor\", \"n\": 0.1}', 7, 'e', 1, ?, 2, 9, 'b', 8, 0)",
        (AT_US, SUBJECT),
    )
    log.execute(
        "INSERT INTO smartlog (uuid, action, timestamp, event_id, line, confidence, track_id, image_path)"
        " VALUES (?, 'O', ?, 'e', 'dóor', ?, 3, 'p.jpg')",
        (SUBJECT, AT_US, THIRD),
    )
    assert told(log, folder, "event") == [
        {
            "id": "e", "type": "crossing", "ts": AT_US, "data": {"line": "dóor", "n": 0.1}, "video_ts_ms": 7,
            "subject": SUBJECT, "person": "anna", "ended": 9, "boot": "b", "mono": 8, "trusted": False,
            "passing": {"line": "dóor", "action": "O", "confidence": THIRD, "track": 3, "image": "p.jpg"},
        }
    ]  # fmt: skip


def test_an_event_of_little_is_full_of_nulls_and_what_is_no_json_is_left_out(
    log: sqlite3.Connection, folder: Path
) -> None:
    log.execute(
        "INSERT INTO events (user_id, type, ts, data, event_id, device_id) VALUES (1, 'bark', 5, 'broken', 'e', 1)"
    )
    assert told(log, folder, "event") == [
        {
            "id": "e", "type": "bark", "ts": 5, "data": {}, "video_ts_ms": None, "subject": None, "person": None,
            "ended": None, "boot": None, "mono": None, "trusted": None, "passing": None,
        }
    ]  # fmt: skip


def test_a_passing_by_hand_names_its_person(log: sqlite3.Connection, folder: Path) -> None:
    log.execute("INSERT INTO smartlog (user_id, action, timestamp, clock_trusted) VALUES (2, 'I', ?, 1)", (AT_US,))
    (item,) = told(log, folder, "passing")
    assert UUID(item.pop("id")).version == 4
    assert item == {
        "ts": AT_US, "action": "I", "user": "anna", "uuid": None, "line": None, "confidence": None, "track": None,
        "image": None, "boot": None, "mono": None, "trusted": True,
    }  # fmt: skip


def test_people_strangers_and_tombstones(log: sqlite3.Connection, folder: Path) -> None:
    assert told(log, folder, "user") == [
        {
            "uid": "anna", "email": None, "name": 'Anna "A" ☃', "role": "member", "created": 1, "updated": 2,
            "consent": None,
        }
    ]  # fmt: skip
    log.execute("INSERT INTO subjects VALUES (?, 2, 1, 0, NULL, 3, 4, 'faces/x.jpg', 6)", (SUBJECT,))
    assert told(log, folder, "subject") == [
        {
            "uuid": SUBJECT, "user": "anna", "has_face": True, "ignored": False, "merged_into": None, "first": 3,
            "last": 4, "rev": 6,
        }
    ]  # fmt: skip
    log.execute("INSERT INTO tombstones (uid, what, heir, at) VALUES ('bert', 'merged', 'anna', 5)")
    assert told(log, folder, "tombstone") == [{"uid": "bert", "what": "merged", "heir": "anna", "at": 5}]


def test_days_and_recordings(log: sqlite3.Connection, folder: Path) -> None:
    log.execute(
        "INSERT INTO device_metrics_daily (device_id, date, calm_minutes, in_count) VALUES (1, '2026-11-22', ?, 3)",
        (THIRD,),
    )
    (day,) = told(log, folder, "metrics")
    assert (day.pop("date"), day.pop("calm_minutes"), day.pop("in_count")) == ("2026-11-22", THIRD, 3)
    assert set(day.values()) == {0}
    assert len(day) == 11
    shared = "user_id, device_id, event_id, labels, phase, bytes, share_uses_left"
    log.execute(
        f"INSERT INTO clips ({shared}, start_ts, duration_ms) VALUES (1, 1, 'c', '[\"a\"]', 'uploaded', 9, 2, 5, 6)"
    )
    log.execute(f"INSERT INTO snapshots ({shared}, ts, note) VALUES (1, 1, 's', '[]', 'uploaded', 9, NULL, 5, 'ha')")
    common = {
        "s3_uri": None, "bytes": 9, "sha256": None, "phase": "uploaded", "share_token_hash": None,
        "share_expires_at": None,
    }  # fmt: skip
    clip = {"event_id": "c", "start_ts": 5, "duration_ms": 6, "preview_png": None, "labels": ["a"]}
    assert told(log, folder, "clip") == [{**common, **clip, "share_uses_left": 2}]
    snapshot = {"event_id": "s", "ts": 5, "note": "ha", "labels": []}
    assert told(log, folder, "snapshot") == [{**common, **snapshot, "share_uses_left": None}]


@pytest.mark.parametrize("phase", ["planned", "kept"])
def test_of_a_recording_that_lies_here_only_nothing_is_told(log: sqlite3.Connection, folder: Path, phase: str) -> None:
    shared = "user_id, device_id, event_id, labels, phase, start_ts, duration_ms"
    log.execute(f"INSERT INTO clips ({shared}) VALUES (1, 1, 'c', '[]', ?, 5, 6)", (phase,))
    log.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('clip', 1, 2, 5)")  # as an earlier version did
    seqs = [seq for (seq,) in log.execute("SELECT seq FROM outbox WHERE kind = 'clip'")]
    (item,) = items(log, Keys.open(folder), "clip", seqs, MOMENT)
    assert (item.body, item.waits) == (None, False)


def test_a_face_goes_with_its_owners_key_and_a_device_of_the_fleet_opens_it(
    log: sqlite3.Connection, folder: Path, tmp_path: Path
) -> None:
    keys, id_, plain = Keys.open(folder), uuid4(), bytes(512)
    sealed = keys.seal(UUID(SUBJECT), plain, about(id_, "m"))
    log.execute("INSERT INTO subjects VALUES (?, NULL, 1, 0, NULL, 3, 4, NULL, 0)", (SUBJECT,))
    put = "INSERT INTO face_templates VALUES (?, ?, NULL, 'm', ?, 0.5, 'track', 6)"
    log.execute(put, (str(id_), SUBJECT, sealed))
    ((seq,),) = log.execute("SELECT seq FROM outbox WHERE kind = 'template'").fetchall()
    (item,) = items(log, keys, "template", [seq], MOMENT)
    assert (item.body, item.waits) == (None, True), "without a fleet key nobody else could open it"
    keys.adopt(bytes(range(32)))
    (face,) = told(log, folder, "template")
    other = Keys.open(tmp_path)
    other.adopt(bytes(range(32)))
    seal = seal_of(other, UUID(SUBJECT), base64.b64decode(face.pop("key")))
    assert seal.unseal(base64.b64decode(face.pop("vector")), about(id_, "m")) == plain
    assert face == {
        "id": str(id_), "subject": SUBJECT, "user": None, "model": "m", "quality": 0.5, "source": "track",
        "created": 6,
    }  # fmt: skip
    log.execute("DELETE FROM face_templates")
    assert told(log, folder, "template") == [{"id": str(id_), "gone": True}]


def test_a_face_without_a_key_is_nothing_to_send_and_one_whose_key_is_spoilt_waits(
    log: sqlite3.Connection, folder: Path
) -> None:
    keys = Keys.open(folder)
    keys.adopt(bytes(range(32)))
    log.execute("INSERT INTO subjects VALUES (?, NULL, 1, 0, NULL, 3, 4, NULL, 0)", (SUBJECT,))
    log.execute("INSERT INTO face_templates VALUES ('f', ?, NULL, 'm', x'00', 0.5, 'track', 6)", (SUBJECT,))
    ((seq,),) = log.execute("SELECT seq FROM outbox WHERE kind = 'template'").fetchall()
    assert next(items(log, keys, "template", [seq], MOMENT)) == (seq, None, False)
    keys.path(UUID(SUBJECT)).write_bytes(b"spoilt")
    assert next(items(log, keys, "template", [seq], MOMENT)) == (seq, None, True)
