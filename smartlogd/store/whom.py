"""Who subjects are by now, and what people are called. Plain SQL, told as a story, over connections that cannot write."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from uuid import UUID

from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.who import Who
from smartlogd.store.pragmas import DATABASE, READING
from smartlogd.store.recognise import reading
from smartlogd.store.trouble import told

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
_NAMES = "SELECT uid, name FROM users WHERE name IS NOT NULL AND forgotten_at IS NULL"


def whom(folder: Path, subjects: Iterable[SubjectId], *, name: str = DATABASE) -> dict[SubjectId, Who]:
    """Who each subject that has a row is: a person, or the stranger at the end of its mergers."""
    asked = json.dumps([str(subject) for subject in subjects])
    with told(folder), closing(_open(folder / name)) as connection:
        return {
            SubjectId(UUID(start)): Who(UUID(uid or uuid), is_known=uid is not None)
            for start, uuid, uid in connection.execute(_WHOM, (asked,))
        }


def names(folder: Path, *, name: str = DATABASE) -> Mapping[PersonId, str]:
    """What everybody who is known is called; nobody where there is no log yet."""
    path = folder / name
    if not path.exists():
        return {}
    with told(folder), closing(_open(path)) as connection:
        return {PersonId(UUID(uid)): called for uid, called in connection.execute(_NAMES)}


def _open(path: Path) -> sqlite3.Connection:
    connection = reading(path)
    for pragma in READING:
        connection.execute(pragma)
    return connection
