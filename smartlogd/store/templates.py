"""Remembered faces: rows of `face_templates`, whose vectors are sealed under the key of their owner.

An owner is a person who was enrolled (`user`), or a subject that was seen (`subject`). Whose face a subject's template
is follows the subject: its person where it or the one it was merged into has a name, else the root stranger.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from smartlogd.base.errors import SmartlogError, UnusableInput
from smartlogd.base.who import DIMENSIONS, Embedding, Template, Who
from smartlogd.store.keys import Keys, Seal, Unsealable
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import read_only

log = logging.getLogger("smartlogd.store")

NORMS = (0.1, 10.0)
"""Between these the length of an embedding lies; face_recognition's are about 1.4. All else is no face."""
_STORED = np.dtype("<f4")
_BYTES = DIMENSIONS * _STORED.itemsize
_NAMED_AT_MOST = 10

_INSERT = """
INSERT INTO face_templates (id, subject, user, model, vector, quality, source, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

# In order of their owners, so that each key is opened once. Persons who were forgotten have no face.
_KEPT = """
WITH RECURSIVE up (start, uuid, user_id, next) AS (
    SELECT uuid, uuid, user_id, merged_into FROM subjects WHERE uuid IN (SELECT subject FROM face_templates)
    UNION
    SELECT up.start, s.uuid, s.user_id, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.next
    WHERE up.user_id IS NULL
),
who (subject, root, user_id) AS (SELECT start, uuid, user_id FROM up WHERE user_id IS NOT NULL OR next IS NULL)
SELECT coalesce(t.subject, t.user), t.id, u.uid, w.root, t.model, t.quality, t.vector
FROM face_templates AS t
LEFT JOIN who AS w ON w.subject = t.subject
LEFT JOIN users AS u ON u.uid = t.user OR u.id = w.user_id
WHERE (:model IS NULL OR t.model = :model) AND u.forgotten_at IS NULL
ORDER BY 1, t.id
"""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A template that cannot be used, by its id, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """All remembered faces, and those that are spoilt."""

    templates: tuple[Template, ...]
    spoilt: tuple[Spoilt, ...]


def keep(
    connection: sqlite3.Connection,
    keys: Keys,
    template: Template,
    *,
    subject: UUID | None = None,
    user: UUID | None = None,
    source: str,
    at_us: int,
) -> bool:
    """Seal the template and keep it, in the caller's transaction, as the subject's or the enrolled person's.

    False where it is kept already. UnusableInput for what is no embedding; Unsealable where the owner's key is
    damaged; StoreTrouble where the disk takes no key.
    """
    vector = plain_of(template.vector)
    if not 0 <= template.quality <= 1:
        raise UnusableInput(f"The quality of a face is from 0 to 1, not {template.quality}.")
    owner = subject or user
    if owner is None or (subject is not None and user is not None):
        raise UnusableInput("A face belongs to a person or to someone seen, to one of them.")
    if connection.execute("SELECT 1 FROM face_templates WHERE id = ?", (str(template.id),)).fetchone():
        return False
    sealed = keys.seal(owner, vector, about(template.id, template.model))
    whose = (None if subject is None else str(subject), None if user is None else str(user))
    row = (str(template.id), *whose, template.model, sealed, template.quality, source, at_us)
    connection.execute(_INSERT, row)
    return True


def load(folder: Path, keys: Keys, *, model: str | None = None, name: str = DATABASE) -> tuple[Template, ...]:
    """All remembered faces of the database in `folder` (of one network's making, where `model` names it).

    Spoilt ones are counted and named by their ids in the log, and left out. DiskTrouble where the database cannot be
    read.
    """
    kept = read(folder, keys, model=model, name=name)
    if kept.spoilt:
        named = [f"{one.id}: {one.why}" for one in kept.spoilt[:_NAMED_AT_MOST]]
        log.warning("faces cannot be used", extra={"count": len(kept.spoilt), "first": named})
    return kept.templates


def read(folder: Path, keys: Keys, *, model: str | None = None, name: str = DATABASE) -> Kept:
    """The same with the spoilt ones, and without a word in the log."""
    with read_only(folder / name) as connection:
        rows = connection.execute(_KEPT, {"model": model}).fetchall()
    spoilt: list[Spoilt] = []
    opened = list(_opened(rows, keys.at_once(), spoilt))
    matrix = np.frombuffer(b"".join(plain for _, _, plain in opened), _STORED).reshape(-1, DIMENSIONS)
    matrix = np.ascontiguousarray(matrix, np.float32)
    matrix.flags.writeable = False
    whose: dict[str, Who] = {}
    templates = []
    for (row, id_, _), vector, sane in zip(opened, matrix, _sane(matrix), strict=True):
        if sane:
            owner, _, person, stranger, model_, quality, _ = row
            who = whose.get(owner) or whose.setdefault(owner, _who(person, stranger))
            templates.append(Template(id_, who, model_, vector, quality))
        else:
            spoilt.append(Spoilt(row[1], "Its numbers are no face."))
    return Kept(tuple(templates), tuple(spoilt))


def reseal(connection: sqlite3.Connection, keys: Keys, *, of: UUID, under: UUID) -> int:
    """Give one enrolled person's faces to another, sealed under the other's key; how many there were.

    In the caller's transaction; the first one's key is left to the caller, who destroys it. Unsealable where that key
    is there and cannot be opened (its wrapping key may only be elsewhere). Faces that nobody can ever open again,
    their key gone or themselves damaged, are left behind.
    """
    rows = connection.execute("SELECT id, model, vector FROM face_templates WHERE user = ?", (str(of),)).fetchall()
    theirs = keys.of(of) if of in keys.owners() else None
    other = keys.made(under) if theirs else None
    taken = 0
    for id_, model, sealed in rows:
        bound = about(UUID(id_), model)
        plain = None if theirs is None else _undamaged(theirs, sealed, bound)
        if other is None or plain is None:
            connection.execute("DELETE FROM face_templates WHERE id = ?", (id_,))
            continue
        row = (str(under), other.seal(plain, bound), id_)
        connection.execute("UPDATE face_templates SET user = ?, vector = ? WHERE id = ?", row)
        taken += 1
    return taken


def _undamaged(seal: Seal, sealed: bytes, bound: bytes) -> bytes | None:
    """What was sealed, or None where it is damaged."""
    try:
        return seal.unseal(sealed, bound)
    except Unsealable:
        return None


def about(template: UUID, model: str) -> bytes:
    """What a sealed vector is about: it opens as no other template's, and as no other network's."""
    return template.bytes + model.encode()


def plain_of(vector: Embedding) -> bytes:
    """The vector's 512 bytes as they are sealed: float32, little-endian. UnusableInput for what is no embedding."""
    if vector.shape != (DIMENSIONS,) or vector.dtype != np.float32 or not _sane(vector[np.newaxis])[0]:
        raise UnusableInput(f"A face is {DIMENSIONS} finite numbers (float32) of a length between {NORMS}.")
    return vector.astype(_STORED).tobytes()


def _opened(rows: list[Any], keys: Keys, spoilt: list[Spoilt]) -> Iterator[tuple[Any, UUID, bytes]]:
    """Each row with its id and its vector's bytes; those that cannot be opened are noted as spoilt."""
    for owner, theirs in groupby(rows, itemgetter(0)):
        try:
            seal = keys.of(UUID(owner))
        except (SmartlogError, ValueError) as error:  # this owner's key: the others' are as good as ever
            spoilt += [Spoilt(row[1], str(error)) for row in theirs]
            continue
        for row in theirs:
            try:
                id_ = UUID(row[1])
                yield row, id_, _plain(seal, id_, row[4], row[6])
            except (SmartlogError, ValueError) as error:
                spoilt.append(Spoilt(row[1], str(error)))


def _plain(seal: Seal, id_: UUID, model: str, sealed: bytes) -> bytes:
    """One face's 512 bytes."""
    plain = seal.unseal(sealed, about(id_, model))
    if len(plain) != _BYTES:
        raise UnusableInput(f"It has {len(plain)} bytes, not {_BYTES}.")
    return plain


def _sane(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows are finite, and as long as a face's embedding is."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.linalg.norm(matrix, axis=1)
        sane: npt.NDArray[np.bool_] = (norms >= NORMS[0]) & (norms <= NORMS[1])  # false for NaN and infinity
    return sane


def _who(person: str | None, stranger: str | None) -> Who:
    """Whose the faces of one owner are: a person's, else a stranger's."""
    return Who(UUID(stranger), is_known=False) if person is None else Who(UUID(person), is_known=True)
