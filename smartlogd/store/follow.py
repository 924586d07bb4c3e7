"""Who someone seen is, and that the log follows it.

The law: in a row of `smartlog` that has a uuid, `user_id` is the person of the subject of that uuid: the subject's own
`user_id`, else that of the nearest subject along `merged_into` that has one, else nobody. Whatever changes a row of
`subjects`, or adds passings, calls `follow` in the same transaction.

A chain of mergers may be of any length. Should one ever run in a circle, walking it still ends: a step that was
made before adds nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

Uuid = TypeVar("Uuid", UUID, str)

# Up from each subject to the nearest name, then down to all that were merged into it and have no nearer one.
_FOLLOW = """
WITH RECURSIVE
up (start, user_id, next) AS (
    SELECT uuid, user_id, merged_into FROM subjects WHERE uuid IN (SELECT value FROM json_each(:subjects))
    UNION
    SELECT up.start, s.user_id, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.next WHERE up.user_id IS NULL
),
down (uuid, user_id) AS (
    SELECT start, max(user_id) FROM up GROUP BY start
    UNION
    SELECT s.uuid, coalesce(s.user_id, down.user_id) FROM down JOIN subjects AS s ON s.merged_into = down.uuid
)
UPDATE smartlog SET user_id = down.user_id
FROM down WHERE smartlog.uuid = down.uuid AND smartlog.user_id IS NOT down.user_id
"""

# Read off the two indexes that hold only such subjects: where there are none, that is two looks at empty pages.
_ANYONE = """
SELECT EXISTS (SELECT 1 FROM subjects WHERE user_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM subjects WHERE merged_into IS NOT NULL)
"""

_WITH_NAME = """
SELECT uuid FROM subjects
WHERE uuid IN (SELECT value FROM json_each(?)) AND (user_id IS NOT NULL OR merged_into IS NOT NULL)
"""

_WALK = """
WITH RECURSIVE up (uuid, user_id, next) AS (
    SELECT uuid, user_id, merged_into FROM subjects WHERE uuid = ?
    UNION
    SELECT s.uuid, s.user_id, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.next
)
SELECT uuid, user_id, next FROM up
"""

_GROUP = """
WITH RECURSIVE down (uuid) AS (
    VALUES (?)
    UNION
    SELECT s.uuid FROM down JOIN subjects AS s ON s.merged_into = down.uuid
)
SELECT uuid FROM down
"""


def follow(connection: sqlite3.Connection, subjects: Iterable[UUID | str]) -> int:
    """Let the log's rows of these subjects, and of all merged into them, say who they are; how many were changed."""
    before = connection.total_changes  # sqlite3 counts no rows of a statement that begins with WITH
    connection.execute(_FOLLOW, {"subjects": json.dumps([str(subject) for subject in subjects])})
    return connection.total_changes - before


def follow_new(connection: sqlite3.Connection, uuids: Iterable[str]) -> None:
    """After new passings of these subjects: the same for those that have a name or were merged, if any is there."""
    if not connection.execute(_ANYONE).fetchone()[0]:
        return
    known = [uuid for (uuid,) in connection.execute(_WITH_NAME, (json.dumps(list(uuids)),))]
    if known:
        connection.execute(_FOLLOW, {"subjects": json.dumps(known)})


def root(connection: sqlite3.Connection, subject: Uuid) -> Uuid:
    """The uuid under which this subject is known after all mergers; itself where it was never merged or is unknown."""
    walk = connection.execute(_WALK, (str(subject),)).fetchall()
    return type(subject)(walk[-1][0]) if walk else subject


def person(connection: sqlite3.Connection, subject: UUID | str) -> int | None:
    """`users.id` of who this subject is, by its own name or by that of the nearest it was merged into; else None."""
    walk = connection.execute(_WALK, (str(subject),))
    return next((user_id for _, user_id, _ in walk if user_id is not None), None)


def group(connection: sqlite3.Connection, subject: Uuid) -> tuple[Uuid, ...]:
    """All subjects that are, after all mergers, the same stranger as this one; itself among them, the root first."""
    found = connection.execute(_GROUP, (str(root(connection, subject)),))
    return tuple(type(subject)(uuid) for (uuid,) in found)
