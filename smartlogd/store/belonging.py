"""Whose device this is, as the centre says. Plain SQL.

All rows of events name the owner by the local id of one row of `users`, and so does what is appended just now. So that
none need be written anew, that row keeps its id and becomes the new owner; whoever stood there, if it was somebody,
goes on in a row of their own.
"""

from __future__ import annotations

import sqlite3

from smartlogd.store.arriving import DeviceSaid, Owner
from smartlogd.store.find import NOT_LOCAL_OWNER

_DEVICE = "UPDATE devices SET enabled = ?, site = ? WHERE id = ? AND name = ? RETURNING user_id"
_COLUMNS = "uid, email, name, role, created_at, updated_at, consent_at, forgotten_at"
_ROW = f"SELECT id, {_COLUMNS} FROM users WHERE "  # noqa: S608 - constants of ours
_IS_SOMEBODY = f"""
SELECT {NOT_LOCAL_OWNER}
    OR EXISTS (SELECT 1 FROM face_templates AS t WHERE t.user = users.uid)
    OR EXISTS (SELECT 1 FROM subjects AS s WHERE s.user_id = users.id)
    OR EXISTS (SELECT 1 FROM smartlog AS l WHERE l.user_id = users.id)
FROM users WHERE id = ?
"""  # noqa: S608 - constants of ours
_NEW = f"INSERT INTO users ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"  # noqa: S608 - constants of ours
_SET = """
UPDATE users SET uid = ?, email = ?, name = ?, role = ?, created_at = ?, updated_at = ?, consent_at = ?,
    forgotten_at = ?
WHERE id = ?
"""
_OUT_OF_THE_WAY = "UPDATE users SET uid = 'leaving ' || id, email = NULL WHERE id = ?"
_AS_THE_ONE_SEEN = (
    "UPDATE subjects SET user_id = :to WHERE user_id = :of",
    "UPDATE smartlog SET user_id = :to WHERE user_id = :of",
    "UPDATE events SET subject_user_id = :to WHERE subject_user_id = :of",
)
_AS_THE_OWNER = ("UPDATE routines SET user_id = :to WHERE user_id = :of",)


def belongs(connection: sqlite3.Connection, device_id: int, said: DeviceSaid) -> bool:
    """Take what the centre says of this device; True where it has another owner now."""
    row = connection.execute(_DEVICE, (said.enabled, said.site, device_id, said.name)).fetchone()
    if row is None or said.owner is None:
        return False
    here = connection.execute(f"{_ROW} id = ?", (row[0],)).fetchone()
    if here[1] == said.owner.uid:
        return False
    _handed_over(connection, here, said.owner)
    return True


def _handed_over(connection: sqlite3.Connection, here: tuple[int, str], owner: Owner) -> None:
    """The owner's row becomes another person, in the caller's transaction."""
    connection.execute("PRAGMA defer_foreign_keys = ON")  # faces name people by uid, which changes rows here
    id_, *person = here
    is_somebody = connection.execute(_IS_SOMEBODY, (id_,)).fetchone()[0]
    connection.execute(_OUT_OF_THE_WAY, (id_,))
    if is_somebody:
        (to,) = connection.execute(_NEW, person).fetchone()
        _repointed(connection, _AS_THE_ONE_SEEN, id_, to)
    known = connection.execute(f"{_ROW} uid = ?", (owner.uid,)).fetchone()
    if known is None:
        taken = connection.execute("SELECT 1 FROM users WHERE lower(email) = lower(?)", (owner.email,)).fetchone()
        email = None if taken else owner.email
        connection.execute(_SET, (owner.uid, email, owner.name, owner.role, person[4], 0, None, None, id_))
        return
    _repointed(connection, _AS_THE_ONE_SEEN + _AS_THE_OWNER, known[0], id_)
    connection.execute("DELETE FROM users WHERE id = ?", (known[0],))
    connection.execute(_SET, (*known[1:], id_))


def _repointed(connection: sqlite3.Connection, statements: tuple[str, ...], of: int, to: int) -> None:
    for statement in statements:
        connection.execute(statement, {"of": of, "to": to})
