"""Routines and models as the centre orders them."""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from uuid import UUID

import pytest

from smartlogd.store.arriving import ModelGone, ModelRow, RoutineGone, RoutineRow
from smartlogd.store.ordered import model, no_model, no_routine, routine

ANNA, ROUTINE = str(UUID(int=11)), str(UUID(int=31))


@pytest.fixture
def log(database: sqlite3.Connection) -> sqlite3.Connection:
    database.execute("INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'owner', 1, 1)", (ANNA,))
    database.execute(
        "INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq)"
        " VALUES (1, 'door', 'camera', 'online', '[]', 1, 'e', 0)"
    )
    return database


def a_routine(**more: Any) -> RoutineRow:
    row = {"uid": ROUTINE, "owner": ANNA, "name": "n", "cron": "0 8 * * *", "steps": [{"type": "pet"}]}
    return RoutineRow.model_validate({**row, "created": 1, "updated": 2, **more})


def kept(log: sqlite3.Connection) -> list[Any]:
    return log.execute("SELECT name, device_id, steps, last_run_at FROM routines").fetchall()


def test_a_routine_of_all_devices_is_kept_and_when_it_ran_here_is_not_forgotten(log: sqlite3.Connection) -> None:
    routine(log, 1, a_routine())
    log.execute("UPDATE routines SET last_run_at = 9")
    routine(log, 1, a_routine(name="m", updated=1, last_run=4))
    assert kept(log) == [("m", None, json.dumps([{"type": "pet"}]), 9)]


def test_a_routine_of_another_device_is_none_of_ours_and_one_that_became_so_goes(log: sqlite3.Connection) -> None:
    routine(log, 1, a_routine(device="yard"))
    assert kept(log) == []
    routine(log, 1, a_routine(device="door"))
    assert [row[1] for row in kept(log)] == [1]
    routine(log, 1, a_routine(device="yard"))
    assert kept(log) == []


def test_a_routine_goes(log: sqlite3.Connection) -> None:
    routine(log, 1, a_routine())
    no_routine(log, RoutineGone(uid=ROUTINE))
    assert kept(log) == []


def test_a_model_is_one_by_name_and_version(log: sqlite3.Connection) -> None:
    row = ModelRow(name="n", version="1", type="pose", artifact_uri="u", created=1, metadata={"labels": ["a"]})
    model(log, row)
    model(log, row.model_copy(update={"status": "retired"}))
    model(log, row.model_copy(update={"version": "2"}))
    found = log.execute("SELECT version, status, metadata FROM models ORDER BY version").fetchall()
    assert found == [("1", "retired", '{"labels": ["a"]}'), ("2", "available", '{"labels": ["a"]}')]
    no_model(log, ModelGone(name="n", version="1"))
    assert log.execute("SELECT version FROM models").fetchall() == [("2",)]
