"""Who is meant: people by name or uid, strangers by uuid or a few characters of it. Plain SQL."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.store.follow import group
from smartlogd.store.requests import is_uuid


@dataclass(frozen=True, slots=True)
class Known:
    """Someone who is known: `id` is of this database alone, `uid` names them everywhere."""

    id: int
    uid: str
    name: str


NOT_LOCAL_OWNER = "NOT (role = 'owner' AND name = 'local owner' AND email IS NULL AND consent_at IS NULL)"
"""A device belongs to someone from its first start, and that is nobody one could meet at the door."""

_BY_NAME = f"SELECT id, uid, name FROM users WHERE forgotten_at IS NULL AND {NOT_LOCAL_OWNER} ORDER BY id"  # noqa: S608
_BY_UID = "SELECT id, uid, coalesce(name, ''), forgotten_at FROM users WHERE uid = ?"

_EXACTLY = "SELECT uuid FROM subjects WHERE uuid = ?"
# What is written on screens is the end of a uuid: the beginning of all that are born in one hour is the same.
_BY_SOME = "SELECT uuid FROM subjects WHERE uuid LIKE ?1 || '%' OR uuid LIKE '%' || ?1 ORDER BY last_seen DESC LIMIT 6"

# Along the chain of those it was merged into, as far as the first who has a name.
_BEARER = """
WITH RECURSIVE chain(uuid, merged_into, user_id) AS (
    SELECT uuid, merged_into, user_id FROM subjects WHERE uuid = ?
    UNION
    SELECT s.uuid, s.merged_into, s.user_id
    FROM chain AS c JOIN subjects AS s ON s.uuid = c.merged_into WHERE c.user_id IS NULL
)
SELECT c.uuid, u.id, u.uid, coalesce(u.name, '') FROM chain AS c JOIN users AS u ON u.id = c.user_id
"""
_NAMED = """
SELECT s.uuid, u.id, u.uid, coalesce(u.name, '') FROM subjects AS s JOIN users AS u ON u.id = s.user_id
WHERE s.uuid IN (SELECT value FROM json_each(?)) ORDER BY s.first_seen, s.uuid
"""


def person_named(connection: sqlite3.Connection, whom: str) -> Known:
    """The person of this name or uid; Missing where there is none, UnusableInput where the name is several people's."""
    found = people_named(connection, whom)
    if not found:
        raise Missing(f"Nobody is called {whom}.", "`smartlogd people list` says who is known.")
    return the_one(found, whom)


def the_one(found: list[Known], whom: str) -> Known:
    """The only one found; UnusableInput, naming all, where there are several."""
    if len(found) > 1:
        uids = ", ".join(one.uid for one in found)
        raise UnusableInput(f"{len(found)} people are called {whom}.", f"Say which by uid: {uids}")
    return found[0]


def people_named(connection: sqlite3.Connection, whom: str) -> list[Known]:
    """Everyone of this name or uid.

    A name that is written exactly so goes before one that differs in capital letters. Missing for the uid of someone
    who was forgotten.
    """
    if is_uuid(whom):
        return _of_uid(connection, whom.lower())
    everyone = [Known(*row) for row in connection.execute(_BY_NAME)]
    exact = [one for one in everyone if one.name == whom]
    return exact or [one for one in everyone if _folded(one.name) == _folded(whom)]


def _of_uid(connection: sqlite3.Connection, uid: str) -> list[Known]:
    row = connection.execute(_BY_UID, (uid,)).fetchone()
    if row is not None and row[3] is not None:
        raise Missing(f"The person {uid} was forgotten.", "What was erased cannot be brought back.")
    return [] if row is None else [Known(*row[:3])]


def _folded(name: str | None) -> str:
    """The name as it is compared: without capitals, in one spelling of its signs."""
    return unicodedata.normalize("NFKC", name or "").casefold()


def stranger_named(connection: sqlite3.Connection, some: str) -> str:
    """The uuid of the subject that is meant by it, or by four or more characters of its beginning or its end.

    Missing where there is none, UnusableInput where there are several.
    """
    some = some.lower()
    found = [uuid for (uuid,) in connection.execute(_EXACTLY, (some,))]
    found = found or [uuid for (uuid,) in connection.execute(_BY_SOME, (some,))]
    if not found:
        raise Missing(f"There is no stranger {some}.", "`smartlogd unknown list` shows who is asked about.")
    if len(found) > 1:
        raise UnusableInput(f"{some} could be several strangers.", f"Write more of it: {', '.join(found[:5])}")
    return str(found[0])


def bearer(connection: sqlite3.Connection, uuid: str) -> tuple[str, Known] | None:
    """Who a subject is: the subject that bears the name (itself or one it was merged into), and whose name it is."""
    row = connection.execute(_BEARER, (uuid,)).fetchone()
    return None if row is None else (row[0], Known(*row[1:]))


def named_within(connection: sqlite3.Connection, uuid: str) -> list[tuple[str, Known]]:
    """Every name that is borne within the stranger a subject is a part of, and which subject bears it."""
    whole = json.dumps([str(one) for one in group(connection, UUID(uuid))])
    return [(row[0], Known(*row[1:])) for row in connection.execute(_NAMED, (whole,))]
