"""What was learnt of someone's face, as rows: who they are, which faces to remember, a picture.

The machine fills in what nobody has said: a name that is there stays, and so does a merger. Faces are remembered of
strangers only. A gallery that fed on its own guesses about known persons would drift, and undoing a guess would not
undo what it had fed. Nothing is kept of who was forgotten meanwhile.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path
from uuid import UUID

from smartlogd.base.errors import UnusableInput
from smartlogd.base.who import MOST_OF_A_STRANGER, Recognition, Template
from smartlogd.schema.instants import micros
from smartlogd.store.crops import erase_crop, keep_crop
from smartlogd.store.follow import follow, group, person, root
from smartlogd.store.keys import Keys, Unsealable
from smartlogd.store.templates import keep, plain_of
from smartlogd.store.trouble import DISK_FULL, READ_ONLY, StoreTrouble

log = logging.getLogger("smartlogd.store")

SOURCE = "track"

_TOMBSTONE = "SELECT EXISTS (SELECT 1 FROM tombstones WHERE uid IN (?, ?, ?))"
_PERSON = "SELECT id FROM users WHERE uid = ? AND forgotten_at IS NULL"
_EXISTS = "SELECT EXISTS (SELECT 1 FROM subjects WHERE uuid = ?)"
_SEEN = """
INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (:uuid, 1, 0, :at, :at)
ON CONFLICT (uuid) DO UPDATE SET
    has_face = 1, first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)
"""
_NAME = "UPDATE subjects SET user_id = ?, rev = rev + 1 WHERE uuid = ? AND user_id IS NULL"
# Looks from before the machine knew the person would become the person's faces by its own guess.
_UNLEARN = "DELETE FROM face_templates WHERE subject = ?"
_MERGE = "UPDATE subjects SET merged_into = ?, rev = rev + 1 WHERE uuid = ? AND merged_into IS NULL"
_WORST = """
SELECT id, quality, count(*) OVER () FROM face_templates
WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY quality, id LIMIT 1
"""
_DROP = "DELETE FROM face_templates WHERE id = ?"


def checked(recognition: Recognition) -> Recognition:
    """The same; UnusableInput for what could never be kept, said to whoever gives it."""
    try:
        micros(recognition.stamp.utc)
    except ValueError as error:
        raise UnusableInput(f"What was learnt of a face cannot be kept: {error}") from error
    for template in recognition.templates:
        plain_of(template.vector)
        if not 0 <= template.quality <= 1:
            raise UnusableInput(f"The quality of a face is from 0 to 1, not {template.quality}.")
    return recognition


def learn(connection: sqlite3.Connection, keys: Keys, faces: Path, recognition: Recognition) -> None:
    """Write what was learnt, in the caller's transaction; learning the same again changes nothing.

    A face whose key is damaged, and a picture for which there is no room, are left out with a word in the log.
    StoreTrouble where the disk takes no more at all: then the whole transaction is to be tried again.
    """
    subject, who, into = recognition.subject, recognition.person, recognition.merged_into
    if connection.execute(_TOMBSTONE, (str(subject), str(who), str(into))).fetchone()[0]:
        return
    named = None if who is None else connection.execute(_PERSON, (str(who),)).fetchone()
    if who is not None and named is None:
        return
    connection.execute(_SEEN, {"uuid": str(subject), "at": micros(recognition.stamp.utc)})
    if named is not None and connection.execute(_NAME, (named[0], str(subject))).rowcount:
        connection.execute(_UNLEARN, (str(subject),))
        erase_crop(connection, faces, subject)
    if into is not None:
        _merge(connection, subject, into)
    follow(connection, [subject])
    if person(connection, subject) is None:
        for template in recognition.templates:
            _remember(connection, keys, subject, template, recognition)
    if recognition.crop is not None:
        keep_crop(connection, faces, subject, recognition.crop, recognition.stamp.utc)


def _merge(connection: sqlite3.Connection, subject: UUID, into: UUID) -> None:
    """Make the subject one with another, unless that one is gone, or is (by now) the same already."""
    end = root(connection, into)
    if end != subject and connection.execute(_EXISTS, (str(into),)).fetchone()[0]:
        connection.execute(_MERGE, (str(into), str(subject)))


def _remember(
    connection: sqlite3.Connection, keys: Keys, subject: UUID, template: Template, recognition: Recognition
) -> None:
    """Keep the face if the stranger has few, or in place of a worse one."""
    theirs = json.dumps(group(connection, str(subject)))
    worst = connection.execute(_WORST, (theirs,)).fetchone()
    is_full = worst is not None and worst[2] >= MOST_OF_A_STRANGER
    if is_full and template.quality <= worst[1]:
        return
    try:
        is_new = keep(connection, keys, template, subject=subject, source=SOURCE, at_us=micros(recognition.stamp.utc))
    except (Unsealable, StoreTrouble) as error:
        if isinstance(error, StoreTrouble) and error.word in {DISK_FULL, READ_ONLY}:
            raise
        log.warning("face left out", extra={"what": error.what, "hint": error.hint})
        return
    if is_full and is_new:
        connection.execute(_DROP, (worst[0],))
