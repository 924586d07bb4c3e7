"""Takes a person out of everything that is kept. Plain SQL, told as a story.

Keys and pictures go before the transaction is committed: whatever cuts it short in between, the faces cannot be opened
any more, and doing it again finishes it. What is deleted from the database is overwritten there (PRAGMA secure_delete),
and the -wal file is emptied afterwards, so that the bytes are gone from both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from smartlogd.base.errors import Missing
from smartlogd.base.ids import uuid7
from smartlogd.schema.instants import instant_of
from smartlogd.store import backups
from smartlogd.store.crops import FOLDER as FACES
from smartlogd.store.discard import discarded, showing, shut
from smartlogd.store.find import Known, people_named, the_one
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.persons import bury, entomb
from smartlogd.store.places import sync_folder, unlinked
from smartlogd.store.requests import Forget, is_uuid
from smartlogd.store.retention import Swept, erase_faces

# Whoever bears the person's name, and everyone merged into them who has no name of their own.
_THEIRS = """
WITH RECURSIVE theirs(uuid) AS (
    SELECT uuid FROM subjects WHERE user_id = ?
    UNION
    SELECT s.uuid FROM theirs AS t JOIN subjects AS s ON s.merged_into = t.uuid WHERE s.user_id IS NULL
)
SELECT uuid FROM theirs
"""
_PASSINGS = """
SELECT id, event_id, image_path, embedding FROM smartlog
WHERE user_id = :id OR uuid IN (SELECT value FROM json_each(:subjects))
"""
# Each passing becomes somebody's own, whom nobody else ever is: no two can be told to be of one person any more, nor
# of one track.
_LOSE = (
    "UPDATE smartlog SET user_id = NULL, uuid = ?, image_path = NULL, embedding = NULL, track_id = NULL WHERE id = ?"
)
_LOSE_EVENTS = """
UPDATE events SET subject_uuid = NULL, subject_user_id = NULL,
    data = CASE WHEN type <> 'face_seen' AND json_valid(data) THEN json_remove(data, '$.track') ELSE '{}' END
WHERE subject_user_id = :id OR subject_uuid IN (SELECT value FROM json_each(:subjects))
"""
# Someone with another name who had been merged into them goes on alone.
_DETACH = """
UPDATE subjects SET merged_into = NULL, rev = rev + 1
WHERE merged_into IN (SELECT value FROM json_each(:subjects)) AND uuid NOT IN (SELECT value FROM json_each(:subjects))
"""
_LOSE_SUBJECTS = "DELETE FROM subjects WHERE uuid IN (SELECT value FROM json_each(:subjects))"

_LOSE_FACES = "DELETE FROM face_templates WHERE user = ?"
# The owner of a device is named by its rows. So that none of them need be written anew, the id goes on as a local
# owner without a name, and the tombstone is a row of its own.
_IS_OWNER = "SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = ?)"
_HAND_OVER = """
UPDATE users SET uid = :heir, name = 'local owner', email = NULL, role = 'owner', consent_at = NULL,
    updated_at = max(:at, updated_at + 1)
WHERE id = :id
"""
_NEW_TOMB = """
INSERT INTO users (uid, role, created_at, updated_at) VALUES (:uid, 'guest', :at, :at) RETURNING id
"""
_FORGOTTEN = "SELECT forgotten_at FROM users WHERE uid = ? AND forgotten_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Gone:
    """How much was taken out."""

    erased: Swept
    passings: int
    events: int
    subjects: int
    recordings: int


_NOTHING = Gone(Swept(0, 0, 0, 0), 0, 0, 0, 0)


def forget(asked: Forget, work: Work) -> Outcome:
    """The person is taken out of everything, for good; gives the receipt, which has no name in it.

    By uid, doing it again changes nothing and says so in zeros; Missing for a name that nobody has.
    """
    connection = work.connection
    if is_uuid(asked.name) and (row := connection.execute(_FORGOTTEN, (asked.name,)).fetchone()):
        return Outcome(_receipt(asked.name, row[0], _NOTHING))
    found = people_named(connection, asked.name)
    if not found:
        raise Missing(f"Nobody is called {asked.name}; nothing was changed.", "Who was forgotten has no name any more.")
    person = the_one(found, asked.name)
    gone = forgotten(work, person)
    return Outcome(_receipt(person.uid, work.at_us, gone), gallery_changed=True)


def forgotten(work: Work, person: Known) -> Gone:
    """Take the person out of everything, and leave tombstones: theirs, and those of all subjects that were theirs.

    So do other devices and the centre learn whom to forget, also those who never heard that the subjects were theirs.
    """
    subjects = [uuid for (uuid,) in work.connection.execute(_THEIRS, (person.id,))]
    gone = taken_out(work, subjects, person)
    _bury(work, person)
    for uuid in subjects:
        bury(work, uuid, "stranger")
    return gone


def taken_out(work: Work, subjects: Sequence[str], person: Known | None = None) -> Gone:
    """Destroy what there is of these subjects, and of the person; passings stay, and are of nobody.

    Recordings that show them, or were made because of them, go whole, whoever else is to be seen there.
    """
    connection = work.connection
    backups.forgotten(work.folder)
    named = {"id": None if person is None else person.id, "subjects": json.dumps(list(subjects))}
    passings = connection.execute(_PASSINGS, named).fetchall()
    pictures = [path for _, _, *paths in passings for path in paths if path]
    erased = _erased(work, person, subjects, pictures)
    shut(connection, named["id"], subjects, work.at_us)
    recordings = discarded(connection, work.folder, showing(connection, named["id"], subjects, work.at_us))
    connection.executemany(_LOSE, [(event_id or str(uuid4()), id_) for id_, event_id, *_ in passings])
    events = connection.execute(_LOSE_EVENTS, named).rowcount
    connection.execute(_DETACH, named)
    lost = connection.execute(_LOSE_SUBJECTS, named).rowcount
    return Gone(erased, len(passings), events, lost, recordings)


def _erased(work: Work, person: Known | None, subjects: Sequence[str], pictures: Iterable[str]) -> Swept:
    """Destroy keys, pictures and templates: the person's own, and those of all subjects that are theirs."""
    crops, templates, keys = erase_faces(work.connection, work.keys, work.folder, subjects)
    if crops:
        sync_folder(work.folder / FACES)
    crops += unlinked(work.folder, pictures)
    if person is not None:
        keys += work.keys.destroy(UUID(person.uid))
        templates += work.connection.execute(_LOSE_FACES, (person.uid,)).rowcount
    return Swept(crops, templates, keys, 0)


def _bury(work: Work, person: Known) -> None:
    """Leave a row without a name; the owner of a device leaves its id to a local owner."""
    connection = work.connection
    if connection.execute(_IS_OWNER, (person.id,)).fetchone()[0]:
        row = {"heir": str(uuid7(work.at)), "id": person.id, "uid": person.uid, "at": work.at_us}
        connection.execute(_HAND_OVER, row)
        (id_,) = connection.execute(_NEW_TOMB, row).fetchone()
        person = Known(id_, person.uid, person.name)
    entomb(work, person)


def _receipt(uid: str, at_us: int, gone: Gone) -> dict[str, object]:
    return {
        "uid": uid,
        "forgotten_at": instant_of(at_us).isoformat(),
        "templates": gone.erased.templates,
        "crops": gone.erased.crops,
        "keys": gone.erased.keys,
        "passings": gone.passings,
        "events": gone.events,
        "subjects": gone.subjects,
        "recordings": gone.recordings,
    }
