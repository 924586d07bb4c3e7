"""People and strangers who come down from the centre, merged with those who are here. Plain SQL.

A person's newer copy wins, and forgotten is for ever. Of a subject `has_face` is or-ed and the span in which it was
seen widened; name, merger and ignoring go together, and follow the copy of more changes. Whatever order pages come in,
and however often, all devices end alike.
"""

from __future__ import annotations

import sqlite3

from smartlogd.base.wire import NORMAL
from smartlogd.store.arriving import SubjectRow, UserRow
from smartlogd.store.outcome import Work

_TOMBSTONE = "SELECT what, heir FROM tombstones WHERE uid = ?"
_ID = "SELECT id FROM users WHERE uid = ?"
# Older than anything anyone says of them.
_PLACEHOLDER = "INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'member', 0, 0) RETURNING id"
_UNMET = """
INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, 0, 0, ?, ?)
ON CONFLICT (uuid) DO NOTHING
"""
_WAITS = "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = ? AND row_id = ? AND kind <> 'event')"
_UNWAIT = "DELETE FROM outbox WHERE kind = ? AND row_id = ? AND kind <> 'event'"
_ENQUEUE = "INSERT INTO outbox (kind, row_id, priority, at) VALUES (?, ?, ?, ?)"

_PERSON = "SELECT id, name, updated_at, forgotten_at FROM users WHERE uid = ?"
# The centre has seen to it that an address is one person's; whoever has it here besides will hear so as well.
_FREE_ADDRESS = "UPDATE users SET email = NULL WHERE lower(email) = lower(:email) AND uid <> :uid"
_NEW_PERSON = """
INSERT INTO users (uid, email, name, role, created_at, updated_at, consent_at)
VALUES (:uid, :email, :name, :role, :created, :updated, :consent)
"""
_NEWER_PERSON = """
UPDATE users SET email = :email, name = :name, role = :role, created_at = :created, updated_at = :updated,
    consent_at = :consent
WHERE uid = :uid
"""
_NAMELESS = """
UPDATE users SET name = NULL, email = NULL, role = 'guest', consent_at = NULL, forgotten_at = :forgotten
WHERE uid = :uid AND forgotten_at IS NULL
"""

_SUBJECT = "SELECT user_id, ignored, merged_into, rev FROM subjects WHERE uuid = ?"
_NEW_SUBJECT = """
INSERT INTO subjects (uuid, user_id, has_face, ignored, merged_into, first_seen, last_seen, rev)
VALUES (:uuid, :person, :has_face, :ignored, :into, :first, :last, :rev)
"""
_WIDER = """
UPDATE subjects SET has_face = max(has_face, :has_face), first_seen = min(first_seen, :first),
    last_seen = max(last_seen, :last)
WHERE uuid = :uuid
"""
_SAID = "UPDATE subjects SET user_id = :person, ignored = :ignored, merged_into = :into, rev = :rev WHERE uuid = :uuid"


def buried(connection: sqlite3.Connection, uid: str) -> str | None:
    """What stands on the tombstone of this uid: person, stranger, merged; None where there is none."""
    row = connection.execute(_TOMBSTONE, (uid,)).fetchone()
    return None if row is None else row[0]


def heir_of(connection: sqlite3.Connection, uid: str) -> str | None:
    """Who this is by now, after all mergers; None for one who was forgotten."""
    seen: set[str] = set()
    while uid not in seen and (row := connection.execute(_TOMBSTONE, (uid,)).fetchone()) is not None:
        seen.add(uid)
        if row[0] != "merged":
            return None
        uid = row[1]
    return None if uid in seen else uid


def person_id(connection: sqlite3.Connection, uid: str | None) -> int | None:
    """The local id of who this is by now, a placeholder where they were not met; None for nobody and the forgotten."""
    uid = None if uid is None else heir_of(connection, uid)
    return None if uid is None else row_id(connection, uid)


def row_id(connection: sqlite3.Connection, uid: str) -> int:
    """The local id of this very uid, a placeholder where it was not met."""
    row = connection.execute(_ID, (uid,)).fetchone() or connection.execute(_PLACEHOLDER, (uid,)).fetchone()
    return int(row[0])


def unmet(connection: sqlite3.Connection, uuid: str, at_us: int) -> None:
    """A subject that something refers to, and that was not met here."""
    connection.execute(_UNMET, (uuid, at_us, at_us))


def waits(connection: sqlite3.Connection, kind: str, key: str) -> bool:
    """Whether a change of this row is still to be sent."""
    return bool(connection.execute(_WAITS, (kind, key)).fetchone()[0])


def enqueue(connection: sqlite3.Connection, kind: str, key: str, at_us: int, priority: int = NORMAL) -> None:
    """Let a row be sent that was changed because of what came down; the triggers rest meanwhile."""
    connection.execute(_UNWAIT, (kind, key))
    connection.execute(_ENQUEUE, (kind, key, priority, at_us))


def met(work: Work, row: UserRow) -> bool:
    """Take a person's copy, if it is the newer one; True where the name is another now."""
    connection = work.connection
    if buried(connection, row.uid) is not None:
        return False
    here = connection.execute(_PERSON, (row.uid,)).fetchone()
    if row.forgotten is not None:  # the tombstone, which says what to do, comes with it; until then they have no name
        row_id(connection, row.uid)
        return bool(connection.execute(_NAMELESS, row.model_dump()).rowcount)
    copy = {**row.model_dump(), "updated": min(row.updated, work.at_us)}
    if here is not None and not _is_newer(work, copy["updated"], here[2], here[3], row.uid):
        return False
    connection.execute(_FREE_ADDRESS, copy)
    connection.execute(_NEW_PERSON if here is None else _NEWER_PERSON, copy)
    return here is not None and here[1] != row.name


def _is_newer(work: Work, updated: int, here: int, forgotten: int | None, uid: str) -> bool:
    """At the same instant the centre's copy counts; so it does against one that was dated in the future, and sent."""
    if forgotten is not None:
        return False
    return updated >= here or (here > work.at_us and not waits(work.connection, "user", uid))


def seen(work: Work, row: SubjectRow) -> bool:
    """Take a subject's copy; True where it says otherwise than before who that is, and the log must follow."""
    connection = work.connection
    if buried(connection, row.uuid) is not None:
        return False
    into = row.merged_into if row.merged_into is None or buried(connection, row.merged_into) is None else None
    if into is not None:
        unmet(connection, into, row.first)
    said = {**row.model_dump(), "person": person_id(connection, row.user), "into": into}
    here = connection.execute(_SUBJECT, (row.uuid,)).fetchone()
    if here is None:
        connection.execute(_NEW_SUBJECT, said)
        return said["person"] is not None or into is not None
    connection.execute(_WIDER, said)
    mine = waits(connection, "subject", row.uuid)
    if row.rev < here[3] or (row.rev == here[3] and mine):
        return False
    connection.execute(_SAID, said)
    return tuple(here[:3]) != (said["person"], int(row.ignored), into)
