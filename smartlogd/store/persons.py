"""Changes of people who are known: made, enrolled, renamed, made one of two. Plain SQL."""

from __future__ import annotations

import base64
import shlex
from uuid import UUID

import numpy as np

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.ids import uuid7
from smartlogd.base.known import PersonId
from smartlogd.base.who import Embedding, Template, Who
from smartlogd.store.find import Known, people_named, person_named, the_one
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.requests import Enrol, Face, MergePeople, Rename, is_uuid
from smartlogd.store.templates import keep, reseal

MOST_FACES = 1000
"""Faces of one person; more say nothing new, and every look is compared with all of them."""

_MAKE = """
INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (:uid, :name, 'member', :at, :at) RETURNING id
"""
# Of two copies of a person the newer wins: a change is dated after the row it changes, whatever the clock says.
_CONSENT = """
UPDATE users SET consent_at = :at, updated_at = max(:at, updated_at + 1) WHERE id = :id AND consent_at IS NULL
"""
_TELL = """
UPDATE users SET email = coalesce(:email, email), role = coalesce(:role, role), updated_at = max(:at, updated_at + 1)
WHERE id = :id
"""
_ADDRESSEE = "SELECT uid FROM users WHERE lower(email) = lower(?) AND id <> ?"
_FACES = "SELECT count(*) FROM face_templates WHERE user = ?"
_RENAME = "UPDATE users SET name = :name, updated_at = max(:at, updated_at + 1) WHERE id = :id"

# Two who are one: everything that says `other` says `id` from here on.
_OWNER = "SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = ?)"
_MERGE = (
    "UPDATE subjects SET user_id = :id, rev = rev + 1 WHERE user_id = :other",
    "UPDATE smartlog SET user_id = :id WHERE user_id = :other",
    "UPDATE events SET subject_user_id = :id WHERE subject_user_id = :other",
)
_TAKE_CONSENT = """
UPDATE users SET consent_at = coalesce(consent_at, (SELECT consent_at FROM users WHERE id = :other)),
    updated_at = max(:at, updated_at + 1)
WHERE id = :id
"""
_ADDRESS = "SELECT email FROM users WHERE id = ?"
_DROP_ADDRESS = "UPDATE users SET email = NULL WHERE id = ?"
_TAKE_ADDRESS = "UPDATE users SET email = coalesce(email, ?) WHERE id = ?"

_ENTOMB = """
UPDATE users SET name = NULL, email = NULL, role = 'guest', consent_at = NULL,
    updated_at = max(:at, updated_at + 1), forgotten_at = :at
WHERE id = :id
"""
_TOMBSTONE = """
INSERT INTO tombstones (uid, what, heir, at) VALUES (:uid, :what, :heir, :at) ON CONFLICT (uid) DO NOTHING
"""


def made(work: Work, name: str) -> Known:
    """Someone new of this name: a member."""
    uid = str(uuid7(work.at))
    (id_,) = work.connection.execute(_MAKE, {"uid": uid, "name": name, "at": work.at_us}).fetchone()
    return Known(id_, uid, name)


def consented(work: Work, person: Known) -> None:
    """The person agreed to be recognised; an earlier date stays."""
    work.connection.execute(_CONSENT, {"id": person.id, "at": work.at_us})


def enrol(asked: Enrol, work: Work) -> Outcome:
    """Someone becomes known, or is known by more faces than before.

    UnusableInput with another's address, or when the faces are too many.
    """
    connection = work.connection
    found = [] if asked.new and not is_uuid(asked.name) else people_named(connection, asked.name)
    if not found and is_uuid(asked.name):
        raise Missing(f"Nobody has the uid {asked.name}.", "`smartlogd people list` says who is known.")
    person = the_one(found, asked.name) if found else made(work, asked.name)
    if asked.consent:
        consented(work, person)
    _described(asked, work, person)
    if asked.templates:
        _faced(asked, work, person)
    (total,) = connection.execute(_FACES, (person.uid,)).fetchone()
    told = {"uid": person.uid, "name": person.name, "is_new": not found, "taken": len(asked.templates)}
    return Outcome({**told, "templates": total, "changed": True}, gallery_changed=bool(asked.templates))


def _described(asked: Enrol, work: Work, person: Known) -> None:
    """Address and role, where they were given."""
    if asked.email is not None:
        held = work.connection.execute(_ADDRESSEE, (asked.email, person.id)).fetchone()
        if held is not None:
            raise UnusableInput(f"Somebody else ({held[0]}) has the address {asked.email}.", "Give another, or none.")
    if asked.email is not None or asked.role is not None:
        row = {"email": asked.email, "role": asked.role, "at": work.at_us, "id": person.id}
        work.connection.execute(_TELL, row)


def _faced(asked: Enrol, work: Work, person: Known) -> None:
    """Keep the faces, sealed under the person's key."""
    if not asked.model:
        raise UnusableInput("Faces come without the name of the network that made them.")
    (before,) = work.connection.execute(_FACES, (person.uid,)).fetchone()
    if before + len(asked.templates) > MOST_FACES:
        raise UnusableInput(f"{person.name} has {before} faces; more than {MOST_FACES} are not kept of anyone.")
    for face in asked.templates:
        template = _template(face, asked.model, UUID(person.uid), work)
        keep(work.connection, work.keys, template, user=UUID(person.uid), source=face.source, at_us=work.at_us)


def _template(face: Face, model: str, uid: UUID, work: Work) -> Template:
    """The face as it is remembered; whether its vector is an embedding is for `keep` to say."""
    return Template(uuid7(work.at), Who(PersonId(uid), is_known=True), model, _vector(face), face.quality)


def _vector(face: Face) -> Embedding:
    return np.frombuffer(base64.b64decode(face.vector), "<f4").astype(np.float32)


def rename(asked: Rename, work: Work) -> Outcome:
    """The person is called otherwise; nothing else changes."""
    person = person_named(work.connection, asked.name)
    told = {"uid": person.uid, "name": asked.to, "was": person.name}
    if person.name == asked.to:
        return Outcome({**told, "changed": False})
    work.connection.execute(_RENAME, {"name": asked.to, "at": work.at_us, "id": person.id})
    undo = f"smartlogd people rename {person.uid} {shlex.quote(person.name)}"
    return Outcome({**told, "changed": True, "undo": undo}, gallery_changed=True)


def merge(asked: MergePeople, work: Work) -> Outcome:
    """All that is the other's becomes the first one's, faces sealed anew; the other's row stays as a tombstone.

    It cannot be taken back. UnusableInput for one who owns this device: it is the other way round then.
    """
    connection = work.connection
    person, other = person_named(connection, asked.name), person_named(connection, asked.other)
    if person == other:
        return Outcome({"uid": person.uid, "name": person.name, "changed": False})
    if connection.execute(_OWNER, (other.id,)).fetchone()[0]:
        what = f"{other.name or other.uid} owns this device, and cannot go."
        raise UnusableInput(what, f"Do it the other way round: smartlogd people merge {other.uid} {person.uid}")
    row = {"id": person.id, "other": other.id, "at": work.at_us}
    for statement in (*_MERGE, _TAKE_CONSENT):
        connection.execute(statement, row)
    reseal(connection, work.keys, of=UUID(other.uid), under=UUID(person.uid))
    (templates,) = connection.execute(_FACES, (person.uid,)).fetchone()
    _take_address(work, person, other)
    entomb(work, other, heir=person.uid)
    told = {"uid": person.uid, "name": person.name, "merged": other.uid, "templates": templates, "changed": True}
    return Outcome(told, gallery_changed=True, stale_keys=(UUID(other.uid),))


def _take_address(work: Work, person: Known, other: Known) -> None:
    """The other's address, where the person has none; no two rows may have it at once."""
    (address,) = work.connection.execute(_ADDRESS, (other.id,)).fetchone()
    work.connection.execute(_DROP_ADDRESS, (other.id,))
    work.connection.execute(_TAKE_ADDRESS, (address, person.id))


def entomb(work: Work, person: Known, *, heir: str | None = None) -> None:
    """Take name, address and role off the person's row, which stays so that late copies are stripped too.

    Of one who turned out to be another the tombstone names who that is: their heir.
    """
    work.connection.execute(_ENTOMB, {"id": person.id, "at": work.at_us})
    bury(work, person.uid, "person" if heir is None else "merged", heir)


def bury(work: Work, uid: str, what: str, heir: str | None = None) -> None:
    """Set a tombstone; one that stands already stays as it is."""
    work.connection.execute(_TOMBSTONE, {"uid": uid, "what": what, "heir": heir, "at": work.at_us})
