"""Faces that come down from the centre, sealed, each with the wrapped key of its owner. Plain SQL."""

from __future__ import annotations

from uuid import UUID

from smartlogd.base.who import DIMENSIONS
from smartlogd.store.arriving import FaceGone, FaceRow
from smartlogd.store.exchange import accept, gives_way, replace, seal_of
from smartlogd.store.keys import Seal, Unsealable
from smartlogd.store.meet import buried, enqueue, heir_of, row_id, unmet, waits
from smartlogd.store.outcome import Work
from smartlogd.store.templates import about

_HERE = "SELECT subject, user, vector FROM face_templates WHERE id = ?"
_PUT = """
INSERT INTO face_templates (id, subject, user, model, vector, quality, source, created_at)
VALUES (:id, :subject, :user, :model, :vector, :quality, :source, :created)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, user = excluded.user, vector = excluded.vector
"""
_GONE = "DELETE FROM face_templates WHERE id = ?"
_THEIRS = "SELECT id, model, vector FROM face_templates WHERE coalesce(subject, user) = ?"
_RESEALED = "UPDATE face_templates SET vector = ? WHERE id = ?"
_BYTES = 4 * DIMENSIONS


def gone(work: Work, row: FaceGone) -> bool:
    """Remember a face no longer; True where it was remembered."""
    return bool(work.connection.execute(_GONE, (row.id,)).rowcount)


def come(work: Work, row: FaceRow) -> bool:
    """Remember a face; True where it is new, or another's now.

    Unsealable where it is sealed otherwise than under the key it comes with: such a face is nobody's.
    """
    connection = work.connection
    if buried(connection, row.owner) in {"person", "stranger"}:
        return False
    here = connection.execute(_HERE, (row.id,)).fetchone()
    if here is not None and _stays(work, row, here):
        return False
    if row.subject is not None:
        unmet(connection, row.subject, row.created)
    else:
        row_id(connection, row.owner)
    vector, is_ours = _opened(work, row)
    connection.execute(_PUT, {**row.model_dump(), "vector": vector})
    if is_ours:
        enqueue(connection, "template", row.id, work.at_us)
    return True


def _stays(work: Work, row: FaceRow, here: tuple[str | None, str | None, bytes]) -> bool:
    """Whether the face is here as it came, or here is what was done to it since."""
    if here == (row.subject, row.user, row.vector) or waits(work.connection, "template", row.id):
        return True
    return row.user is not None and here[1] != row.user and here[1] == heir_of(work.connection, row.user)


def _opened(work: Work, row: FaceRow) -> tuple[bytes, bool]:
    """The face as it is to be kept here, and whether that is otherwise than it came."""
    owner, bound = UUID(row.owner), about(UUID(row.id), row.model)
    if accept(work.keys, owner, row.key):
        if work.keys.key_in(owner, row.key) is not None:
            _plain(work.keys.of(owner), row.vector, bound)
        return row.vector, False
    theirs = seal_of(work.keys, owner, row.key)
    plain = _plain(theirs, row.vector, bound)
    if not gives_way(work.keys, owner, row.key):
        return work.keys.of(owner).seal(plain, bound), True
    _give_way(work, row.owner, theirs)
    replace(work.keys, owner, row.key)
    return row.vector, False


def _plain(seal: Seal, vector: bytes, bound: bytes) -> bytes:
    plain = seal.unseal(vector, bound)
    if len(plain) != _BYTES:
        raise Unsealable(f"A face of {len(plain)} bytes came; one has {_BYTES}.")
    return plain


def _give_way(work: Work, owner: str, theirs: Seal) -> None:
    """Seal what is here of this owner under the key that stays, and send it so."""
    ours = work.keys.of(UUID(owner))
    for id_, model, vector in work.connection.execute(_THEIRS, (owner,)).fetchall():
        bound = about(UUID(id_), model)
        try:
            plain = ours.unseal(vector, bound)
        except Unsealable:  # nobody can open it, whatever key stays
            continue
        work.connection.execute(_RESEALED, (theirs.seal(plain, bound), id_))
        enqueue(work.connection, "template", id_, work.at_us)
