from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from smartlogd.base.time import SystemClock
from smartlogd.schema.models import Base, Device, Event, FaceTemplate, Smartlog, Subject, Tombstone, User

STRANGER = "01a1ffd2-8657-716d-82f5-81802cf5c65c"
OTHER = "01a1ffd2-8657-716d-82f5-81802cf5c65d"


def test_a_row_is_written_as_the_seed_writes_it(engine: Engine) -> None:
    before = SystemClock().now().utc
    with Session(engine) as db:
        db.add(Smartlog(user_id=None, uuid=STRANGER, action="I", image_path="crops/abc123.jpg"))
        db.commit()
        row = db.scalars(select(Smartlog)).one()
        assert (row.id, row.user_id, row.uuid, row.action, row.image_path) == (
            1,
            None,
            STRANGER,
            "I",
            "crops/abc123.jpg",
        )
        assert before <= row.timestamp <= SystemClock().now().utc
        assert row.embedding is row.event_id is row.line is None


async def test_an_async_session_writes_it_too(engine: Engine, url: str) -> None:
    async_engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    async with AsyncSession(async_engine) as db:
        db.add(Smartlog(user_id=None, uuid=STRANGER, action="O"))
        await db.commit()
        assert (await db.scalars(select(Smartlog.action))).all() == ["O"]
    await async_engine.dispose()


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"action": "X"}, "ck_smartlog_action"),
        ({"uuid": None}, "ck_smartlog_someone"),
        ({"confidence": 1.01}, "ck_smartlog_confidence"),
        ({"confidence": -0.01}, "ck_smartlog_confidence"),
        ({"action": None}, "NOT NULL"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(engine: Engine, wrong: dict[str, object], check: str) -> None:
    with Session(engine) as db:
        db.add(Smartlog(**({"uuid": STRANGER, "action": "I"} | wrong)))
        with pytest.raises(IntegrityError, match=check):
            db.commit()


def test_a_row_written_by_hand_may_name_a_user_only(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(User(uid=STRANGER, name="someone"))
        db.flush()
        db.add(Smartlog(user_id=1, action="I"))
        db.commit()
        assert db.scalars(select(Smartlog.uuid)).one() is None


def test_one_event_is_written_once(engine: Engine) -> None:
    with Session(engine) as db:
        db.add_all(Smartlog(uuid=STRANGER, action="I", event_id=STRANGER) for _ in range(2))
        with pytest.raises(IntegrityError, match="event_id"):
            db.commit()


def test_a_role_is_one_of_four(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(User(uid=STRANGER, role="king"))
        with pytest.raises(IntegrityError, match="ck_users_role"):
            db.commit()


@pytest.mark.parametrize(
    ("owner", "allowed"),
    [
        ({"subject": STRANGER}, True),
        ({"user": STRANGER}, True),
        ({}, False),
        ({"subject": STRANGER, "user": STRANGER}, False),
    ],
)
def test_a_face_belongs_to_a_person_or_to_someone_seen_never_to_both(
    engine: Engine, owner: dict[str, str], allowed: bool
) -> None:
    with Session(engine) as db:
        db.add_all([User(uid=STRANGER), Subject(uuid=STRANGER)])
        db.flush()
        db.add(FaceTemplate(id=STRANGER, model="m", vector=b"sealed", quality=0.5, source="photo", **owner))
        if allowed:
            db.commit()
            assert db.get_one(FaceTemplate, STRANGER).vector == b"sealed"
        else:
            with pytest.raises(IntegrityError, match="ck_face_templates_owner"):
                db.commit()


def test_a_quality_is_a_share(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(Subject(uuid=STRANGER))
        db.flush()
        db.add(FaceTemplate(id=STRANGER, subject=STRANGER, model="m", vector=b"", quality=1.1, source="photo"))
        with pytest.raises(IntegrityError, match="ck_face_templates_quality"):
            db.commit()


def test_who_was_forgotten_was_a_person_or_a_stranger(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(Tombstone(uid=STRANGER, what="stranger"))
        db.commit()
        db.add(Tombstone(uid=OTHER, what="dog"))
        with pytest.raises(IntegrityError, match="ck_tombstones_what"):
            db.commit()


def test_ids_of_the_log_are_never_used_again(engine: Engine) -> None:
    with Session(engine) as db:
        for _ in range(2):
            db.add(Smartlog(uuid=STRANGER, action="I"))
            db.commit()
            last = db.scalars(select(Smartlog)).one()
            number = last.id
            db.delete(last)
            db.commit()
        assert number == 2


def test_devices_events_and_subjects_have_defaults_that_hold(engine: Engine) -> None:
    with Session(engine) as db:
        db.add(User(uid=STRANGER, role="owner"))
        db.flush()
        db.add(Device(user_id=1, name="door", epoch=STRANGER))
        db.add(Subject(uuid=STRANGER))
        db.flush()
        db.add(Event(user_id=1, device_id=1, type="person_entered", event_id=STRANGER, subject_uuid=STRANGER))
        db.commit()
        device, subject, event = db.scalars(select(Device)).one(), db.get_one(Subject, STRANGER), db.get_one(Event, 1)
        assert (device.type, device.enabled, device.capabilities, device.high_seq) == ("camera", True, [], 0)
        assert (subject.has_face, subject.ignored, subject.merged_into) == (False, False, None)
        assert event.data == {}
        assert event.ts.tzinfo is dt.UTC


def test_every_column_says_what_it_is_for() -> None:
    silent = [str(column) for table in Base.metadata.sorted_tables for column in table.columns if not column.comment]
    assert silent == []


def test_every_table_says_where_it_lives() -> None:
    sides: dict[str, set[str]] = {}
    for table in Base.metadata.sorted_tables:
        sides.setdefault(table.info["side"], set()).add(table.name)
    assert sides == {
        "both": {
            "users", "devices", "subjects", "events", "smartlog", "face_templates", "tombstones", "meta", "clips",
            "snapshots", "routines", "ai_metrics_daily", "device_metrics_daily", "models",
        },
        "edge": {"boots", "outbox", "dead_letters"},
        "central": {
            "device_logins", "device_epochs", "late_rows", "counts_hourly", "clock_corrections", "rejects",
            "person_keys", "fleet_keys", "changes",
        },
    }  # fmt: skip


def test_dropping_everything_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    Base.metadata.drop_all(engine)
    with sqlite3.connect(tmp_path / "smartlog.db") as connection:
        left = connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    connection.close()
    assert left == []
