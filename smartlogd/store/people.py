"""Who is known, and which strangers showed a face. Plain SQL, told as a story, over a connection that cannot write.

Who a subject is follows from the chain of those it was merged into: the nearest one that has a name gives it, and the
end of a chain without names is the stranger that all of it belongs to.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartlogd.schema.instants import instant_of
from smartlogd.store.find import NOT_LOCAL_OWNER, person_named
from smartlogd.store.recognise import asking


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is known: `seen` counts the times they came into view, `passings` their rows in the log."""

    uid: str
    name: str | None
    email: str | None
    role: str
    consent: dt.datetime | None
    created: dt.datetime
    templates: int
    strangers: int
    seen: int
    passings: int
    last_seen: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StrangerSeen:
    """Someone without a name who showed a face.

    `seen` counts the times they came into view (the subjects merged into one), `passings` their rows in the log.
    """

    uuid: str
    first_seen: dt.datetime
    last_seen: dt.datetime
    seen: int
    passings: int
    templates: int
    crop: Path | None
    ignored: bool


# Whoever is named, and everyone merged into them who has no name of their own. This ends also where a chain was bent
# into a ring by hand: what is in a ring has its one way into the ring, and none to a name.
_THEIRS = """
WITH RECURSIVE theirs(uuid, person, last) AS (
    SELECT uuid, user_id, last_seen FROM subjects WHERE user_id IS NOT NULL
    UNION ALL
    SELECT s.uuid, t.person, s.last_seen
    FROM theirs AS t JOIN subjects AS s ON s.merged_into = t.uuid WHERE s.user_id IS NULL
)
"""
# Each number is gathered once for all people, so that a long log is read once and not once for everybody.
_PEOPLE = f"""
{_THEIRS},
sighted(person, seen, last) AS (
    SELECT person, count(*), max(last) FROM theirs GROUP BY person
),
passed(person, passings, last) AS (
    SELECT user_id, count(*), max(timestamp) FROM smartlog WHERE user_id IS NOT NULL GROUP BY user_id
),
own(uid, templates) AS (
    SELECT user, count(*) FROM face_templates WHERE user IS NOT NULL GROUP BY user
),
shown(person, templates, strangers) AS (
    SELECT t.person, count(*), count(DISTINCT t.uuid)
    FROM theirs AS t JOIN face_templates AS f ON f.subject = t.uuid GROUP BY t.person
)
SELECT u.uid, u.name, u.email, u.role, u.consent_at, u.created_at,
       coalesce(own.templates, 0) + coalesce(shown.templates, 0), coalesce(shown.strangers, 0),
       coalesce(sighted.seen, 0), coalesce(passed.passings, 0),
       nullif(max(coalesce(sighted.last, 0), coalesce(passed.last, 0)), 0)
FROM users AS u
LEFT JOIN own ON own.uid = u.uid
LEFT JOIN shown ON shown.person = u.id
LEFT JOIN sighted ON sighted.person = u.id
LEFT JOIN passed ON passed.person = u.id
WHERE u.forgotten_at IS NULL AND (:owner OR {NOT_LOCAL_OWNER})
ORDER BY u.name COLLATE NOCASE, u.id
"""  # noqa: S608 - put together from constants of ours

# From every nameless face up to the end of its chain, where that is nameless too; from there down to all that belongs.
_STRANGERS = """
WITH RECURSIVE up(uuid, merged_into) AS (
    SELECT uuid, merged_into FROM subjects WHERE has_face AND user_id IS NULL
    UNION
    SELECT s.uuid, s.merged_into FROM up JOIN subjects AS s ON s.uuid = up.merged_into WHERE s.user_id IS NULL
),
whole(root, uuid, first, last, crop) AS (
    SELECT r.uuid, r.uuid, r.first_seen, r.last_seen, r.best_crop
    FROM up JOIN subjects AS r ON r.uuid = up.uuid
    WHERE up.merged_into IS NULL AND (:ignored OR NOT r.ignored)
    UNION ALL
    SELECT w.root, s.uuid, s.first_seen, s.last_seen, s.best_crop
    FROM whole AS w JOIN subjects AS s ON s.merged_into = w.uuid WHERE s.user_id IS NULL
),
asking(root, first, last, seen, crop, uuids) AS (
    SELECT root, min(first), max(last), count(*), max(crop), json_group_array(uuid)
    FROM whole GROUP BY root ORDER BY max(last) DESC, root LIMIT :limit
)
SELECT a.root, a.first, a.last, a.seen,
       (SELECT count(*) FROM json_each(a.uuids) AS one JOIN smartlog AS l ON l.uuid = one.value),
       (SELECT count(*) FROM json_each(a.uuids) AS one JOIN face_templates AS f ON f.subject = one.value),
       coalesce(r.best_crop, a.crop), r.ignored
FROM asking AS a JOIN subjects AS r ON r.uuid = a.root
ORDER BY a.last DESC, a.root
"""


def people(folder: Path) -> list[Person]:
    """Everyone who is known, by name; not the forgotten, nor the local owner that a device has from its first start.

    Missing where there is no log yet; DiskTrouble where it cannot be read.
    """
    with asking(folder, is_of_faces=True) as connection:
        return list(_people(connection))


def person(folder: Path, whom: str) -> Person:
    """One person, by name or uid; Missing where nobody is called so, UnusableInput where several are."""
    with asking(folder, is_of_faces=True) as connection:
        found = person_named(connection, whom)
        return next(one for one in _people(connection, with_owner=True) if one.uid == found.uid)


def strangers(folder: Path, *, with_ignored: bool = False, limit: int = 1000) -> list[StrangerSeen]:
    """Those without a name who showed a face, whoever was seen last first; Missing where there is no log yet."""
    with asking(folder, is_of_faces=True) as connection:
        rows = connection.execute(_STRANGERS, {"ignored": with_ignored, "limit": limit})
        return [_stranger(row, folder) for row in rows]


def _people(connection: sqlite3.Connection, *, with_owner: bool = False) -> Iterator[Person]:
    return (_person(row) for row in connection.execute(_PEOPLE, {"owner": with_owner}))


def _person(row: tuple[Any, ...]) -> Person:
    uid, name, email, role, consent, created, *numbers, last = row
    templates, strangers, seen, passings = numbers
    agreed, made, newest = _instant(consent), instant_of(created), _instant(last)
    return Person(uid, name, email, role, agreed, made, templates, strangers, seen, passings, newest)


def _stranger(row: tuple[Any, ...], folder: Path) -> StrangerSeen:
    uuid, first, last, seen, passings, templates, crop, ignored = row
    path = None if crop is None else folder / crop
    return StrangerSeen(uuid, instant_of(first), instant_of(last), seen, passings, templates, path, bool(ignored))


def _instant(at_us: int | None) -> dt.datetime | None:
    return None if at_us is None else instant_of(at_us)
