"""What is kept of faces, and for how long: pictures for hours, strangers' faces for days, keys as long as they seal.

Rows of the log are no matter of this: a passing keeps its uuid, and only nobody can be recognised by it any more.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from smartlogd.schema.instants import micros
from smartlogd.store.crops import FOLDER, erase_crop, sweep_crops
from smartlogd.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Swept:
    """How much went: pictures, templates, keys, and strangers who cannot be recognised any more."""

    crops: int
    templates: int
    keys: int
    strangers: int


# Whoever is one after all mergers counts as one: seen when any of them was, nameless only when all are.
_STRANGERS = """
WITH RECURSIVE
faces (uuid) AS (
    SELECT subject FROM face_templates WHERE subject IS NOT NULL
    UNION SELECT uuid FROM subjects WHERE best_crop IS NOT NULL
),
up (start, uuid, next) AS (
    SELECT s.uuid, s.uuid, s.merged_into FROM faces JOIN subjects AS s ON s.uuid = faces.uuid
    UNION
    SELECT up.start, s.uuid, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.next
),
roots (root) AS (SELECT DISTINCT uuid FROM up WHERE next IS NULL),
down (root, uuid, user_id, last_seen) AS (
    SELECT s.uuid, s.uuid, s.user_id, s.last_seen FROM roots JOIN subjects AS s ON s.uuid = roots.root
    UNION
    SELECT down.root, s.uuid, s.user_id, s.last_seen FROM down JOIN subjects AS s ON s.merged_into = down.uuid
),
gone (root) AS (
    SELECT root FROM down GROUP BY root HAVING max(user_id) IS NULL AND max(last_seen) < ?
)
SELECT down.root, down.uuid FROM down JOIN gone ON gone.root = down.root
JOIN faces ON faces.uuid = down.uuid ORDER BY 1, 2
"""
_OWNERS = "SELECT DISTINCT coalesce(subject, user) FROM face_templates"


def sweep(
    connection: sqlite3.Connection,
    keys: Keys,
    state: Path,
    now: dt.datetime,
    *,
    crop_keep_h: float,
    stranger_keep_d: float,
) -> Swept:
    """Remove pictures older than `crop_keep_h`, faces of strangers not seen for `stranger_keep_d`, and idle keys.

    In the caller's transaction. `now` is believed also where no time server was heard: a device that never hears one
    must let go as well, and its clock at least never stands before its newest row.
    """
    crop_until = now - dt.timedelta(hours=crop_keep_h)
    stranger_until = now - dt.timedelta(days=stranger_keep_d)
    crops = sweep_crops(connection, state / FOLDER, crop_until)
    purged = purge(connection, keys, state, stranger_until)
    idle = keys.owners() - {UUID(owner) for (owner,) in connection.execute(_OWNERS)}
    return Swept(crops + purged.crops, purged.templates, purged.keys + sum(map(keys.destroy, idle)), purged.strangers)


def purge(connection: sqlite3.Connection, keys: Keys, state: Path, before: dt.datetime) -> Swept:
    """Destroy faces, pictures and keys of nameless strangers who were not seen since; in the caller's transaction."""
    found = connection.execute(_STRANGERS, (micros(before),)).fetchall()
    return Swept(*erase_faces(connection, keys, state, (uuid for _, uuid in found)), len({root for root, _ in found}))


def erase_faces(
    connection: sqlite3.Connection, keys: Keys, state: Path, subjects: Iterable[str]
) -> tuple[int, int, int]:
    """Destroy all that is kept of these subjects' faces; how many pictures, templates and keys there were.

    Keys go first of all that is not in the transaction: should it fail, what it leaves cannot be opened.
    """
    crops = templates = gone = 0
    for uuid in subjects:
        templates += connection.execute("DELETE FROM face_templates WHERE subject = ?", (uuid,)).rowcount
        gone += keys.destroy(UUID(uuid))
        crops += erase_crop(connection, state / FOLDER, uuid)
    return crops, templates, gone
