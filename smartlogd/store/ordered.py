"""Routines and models as the centre orders them; it says which there are. Plain SQL."""

from __future__ import annotations

import json
import sqlite3

from smartlogd.store.arriving import ModelGone, ModelRow, RoutineGone, RoutineRow
from smartlogd.store.meet import person_id
from smartlogd.store.routines import note_ordered

_DEVICE = "SELECT name FROM devices WHERE id = ?"
# When it last ran is known here first.
_ROUTINE = """
INSERT INTO routines
    (uid, user_id, device_id, name, cron, timezone, steps, enabled, created_at, updated_at, last_run_at, next_run_at)
VALUES (:uid, :person, :device, :name, :cron, :timezone, :steps, :enabled, :created, :updated, :last_run, :next_run)
ON CONFLICT (uid) DO UPDATE SET
    user_id = excluded.user_id, device_id = excluded.device_id, name = excluded.name, cron = excluded.cron,
    timezone = excluded.timezone, steps = excluded.steps, enabled = excluded.enabled, updated_at = excluded.updated_at,
    next_run_at = excluded.next_run_at,
    last_run_at = nullif(max(coalesce(last_run_at, 0), coalesce(excluded.last_run_at, 0)), 0)
"""
_NO_ROUTINE = "DELETE FROM routines WHERE uid = ?"
# Which of them is used here is known here; the centre can only say that one is not to be used any more.
_MODEL = """
INSERT INTO models (name, version, type, artifact_uri, status, created_at, sha256, license, metadata)
VALUES (
    :name, :version, :type, :artifact_uri, iif(:status = 'retired', 'retired', 'available'), :created, :sha256,
    :license, :metadata
)
ON CONFLICT (name, version) DO UPDATE SET
    type = excluded.type, artifact_uri = excluded.artifact_uri, sha256 = excluded.sha256, license = excluded.license,
    status = iif(status = 'active', status, excluded.status),
    metadata = excluded.metadata
"""
_NO_MODEL = "DELETE FROM models WHERE name = ? AND version = ?"


def routine(connection: sqlite3.Connection, device_id: int, row: RoutineRow) -> None:
    """Keep a routine of this device or of all; one that became another device's goes."""
    (name,) = connection.execute(_DEVICE, (device_id,)).fetchone()
    person = person_id(connection, row.owner)
    if person is None or row.device not in {None, name}:
        _gone(connection, row.uid)
        return
    mine = {"person": person, "device": None if row.device is None else device_id, "steps": json.dumps(row.steps)}
    connection.execute(_ROUTINE, {**row.model_dump(), **mine})
    note_ordered(connection, row.uid, is_here=True)


def no_routine(connection: sqlite3.Connection, row: RoutineGone) -> None:
    """The routine is no more."""
    _gone(connection, row.uid)


def _gone(connection: sqlite3.Connection, uid: str) -> None:
    connection.execute(_NO_ROUTINE, (uid,))
    note_ordered(connection, uid, is_here=False)


def model(connection: sqlite3.Connection, row: ModelRow) -> None:
    """Know a network."""
    connection.execute(_MODEL, {**row.model_dump(), "metadata": json.dumps(row.metadata)})


def no_model(connection: sqlite3.Connection, row: ModelGone) -> None:
    """The network is no more."""
    connection.execute(_NO_MODEL, (row.name, row.version))
