"""Who subjects are by now, and what people are called. Plain SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.base.who import Who
from smartlogd.schema.instants import micros
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import read_only, version_of

# Up from each subject to the nearest name, else to the end of its chain; a ring that was bent by hand has no end.
_WHOM = """
WITH RECURSIVE up (start, uuid, user_id, next) AS (
    SELECT uuid, uuid, user_id, merged_into FROM subjects WHERE uuid IN (SELECT value FROM json_each(?))
    UNION
    SELECT up.start, s.uuid, s.user_id, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.next
    WHERE up.user_id IS NULL
)
SELECT up.start, up.uuid, u.uid FROM up LEFT JOIN users AS u ON u.id = up.user_id
WHERE up.user_id IS NOT NULL OR up.next IS NULL
"""
_CALLED = "SELECT uid, id, name FROM users WHERE name IS NOT NULL AND forgotten_at IS NULL"
# A replay's own database has met nobody; whom the device knows is called there as here.
_INTRODUCE = """
INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (:uid, :name, 'member', :at, :at)
ON CONFLICT (uid) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at
WHERE name IS NOT excluded.name AND forgotten_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Called:
    """A person's `users.id` in this database, and name."""

    id: int
    name: str


def whom(folder: Path, subjects: Iterable[SubjectId], *, name: str = DATABASE) -> dict[SubjectId, Who]:
    """Who each subject that has a row is: a person, or the stranger at the end of its mergers."""
    asked = json.dumps([str(subject) for subject in subjects])
    with read_only(folder / name) as connection:
        return {
            SubjectId(UUID(start)): Who(UUID(uid or uuid), is_known=uid is not None)
            for start, uuid, uid in connection.execute(_WHOM, (asked,))
        }


def called(folder: Path, *, name: str = DATABASE) -> dict[PersonId, Called]:
    """What everybody who is known is called; nobody where there is no log yet."""
    path = folder / name
    if version_of(path) is None:
        return {}
    with read_only(path) as connection:
        rows = connection.execute(_CALLED)
        return {PersonId(UUID(uid)): Called(id_, name_) for uid, id_, name_ in rows}


def introduce(connection: sqlite3.Connection, people: Mapping[PersonId, Called], at: Stamp) -> None:
    """Let a database know these people by name, in the caller's transaction; who was forgotten there stays so."""
    rows = [{"uid": str(uid), "name": one.name, "at": micros(at.utc)} for uid, one in people.items()]
    connection.executemany(_INTRODUCE, rows)
