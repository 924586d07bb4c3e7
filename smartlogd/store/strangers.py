"""Changes of strangers: who they are, whether they are asked about, who of them are one. Plain SQL.

Each but the purge is a change of one row of `subjects`, and taking it back restores that row; the log's rows follow in
the same transaction. Of a stranger who is several subjects it is the end of the chain that is changed, so that all of
them go along.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from uuid import UUID

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.store import retention
from smartlogd.store.find import Known, bearer, named_within, people_named, stranger_named, the_one
from smartlogd.store.follow import follow, root
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.persons import consented, made
from smartlogd.store.requests import Assign, Ignore, MergeStrangers, Purge, Unassign, Unignore, Unmerge, is_uuid

# Each change of a name, a merger or of being asked about is counted: of two devices' copies that of more changes wins.
_NAME = "UPDATE subjects SET user_id = :person, rev = rev + 1 WHERE uuid = :uuid"
_IGNORE = "UPDATE subjects SET ignored = :ignored, rev = rev + 1 WHERE uuid = :uuid AND ignored <> :ignored"
_MERGE = "UPDATE subjects SET merged_into = :into, rev = rev + 1 WHERE uuid = :uuid"
_MERGED_INTO = "SELECT merged_into FROM subjects WHERE uuid = ?"


def assign(asked: Assign, work: Work) -> Outcome:
    """The stranger gets a name, and keeps the uuid; a name that nobody has makes a new person.

    UnusableInput where the stranger, or a part of it, already is someone else.
    """
    uuid = stranger_named(work.connection, asked.uuid)
    people = people_named(work.connection, asked.name)
    held = bearer(work.connection, uuid)
    if held is not None and held[1] in people and not (asked.as_given and held[0] != uuid):
        return _unchanged({"uuid": held[0], "uid": held[1].uid, "name": held[1].name, "is_new": False})
    _refuse_others(work.connection, uuid, people, asked.name)
    is_new = not people
    if is_new and is_uuid(asked.name):
        raise Missing(f"Nobody has the uid {asked.name}.", "`smartlogd people list` says who is known.")
    person = made(work, asked.name) if is_new else the_one(people, asked.name)
    if asked.consent:
        consented(work, person)
    uuid = uuid if asked.as_given else _root(work.connection, uuid)
    work.connection.execute(_NAME, {"person": person.id, "uuid": uuid})
    follow(work.connection, [UUID(uuid)])
    told = {"uuid": uuid, "uid": person.uid, "name": person.name, "is_new": is_new}
    return _changed(told, undo=f"smartlogd unknown unassign {uuid}")


def _refuse_others(connection: sqlite3.Connection, uuid: str, people: list[Known], name: str) -> None:
    """Raise where the stranger, or what was merged into one with it, is someone else."""
    for named, person in named_within(connection, uuid):
        if person not in people:
            hint = f"If that is wrong: smartlogd unknown unassign {named}"
            raise UnusableInput(f"{named} is {person.name or person.uid} already, and not {name}.", hint)


def unassign(asked: Unassign, work: Work) -> Outcome:
    """The stranger is nobody's again, and keeps the uuid.

    Where several parts of one stranger bear a name, one of them loses it, and `still` tells who bears it on.
    """
    uuid = stranger_named(work.connection, asked.uuid)
    held = bearer(work.connection, uuid)
    if held is None:
        return _unchanged({"uuid": uuid, "uid": None, "name": None, "still": None})
    named, person = held
    work.connection.execute(_NAME, {"person": None, "uuid": named})
    follow(work.connection, [UUID(named)])
    still = bearer(work.connection, named)
    told = {"uuid": named, "uid": person.uid, "name": person.name, "still": None if still is None else still[0]}
    is_part = _root(work.connection, named) != named
    return _changed(told, undo=f"smartlogd unknown assign {named} {person.uid}{' --as-given' if is_part else ''}")


def ignore(asked: Ignore, work: Work) -> Outcome:
    """The stranger still counts, and is never listed as asking."""
    return _ignored(asked.uuid, work, is_ignored=True)


def unignore(asked: Unignore, work: Work) -> Outcome:
    """The stranger is listed again."""
    return _ignored(asked.uuid, work, is_ignored=False)


def _ignored(some: str, work: Work, *, is_ignored: bool) -> Outcome:
    uuid = _root(work.connection, stranger_named(work.connection, some))
    changed = work.connection.execute(_IGNORE, {"ignored": int(is_ignored), "uuid": uuid}).rowcount
    told = {"uuid": uuid, "ignored": is_ignored}
    if not changed:
        return _unchanged(told)
    return _changed(told, undo=f"smartlogd unknown {'unignore' if is_ignored else 'ignore'} {uuid}")


def merge(asked: MergeStrangers, work: Work) -> Outcome:
    """The other becomes the first; where only the other has a name, the first becomes the other (unless `as_given`).

    UnusableInput where the two are different people.
    """
    connection = work.connection
    one, other = (stranger_named(connection, some) for some in (asked.uuid, asked.other))
    into, merged, end = one, _root(connection, other), _root(connection, one)
    if merged == end:
        return _unchanged({"uuid": end, "merged": other})
    for named, person in named_within(connection, one):
        for other_named, another in named_within(connection, other):
            if person != another:
                what = f"{named} is {person.name or person.uid}, and {other_named} is {another.name or another.uid}."
                raise UnusableInput(what, "Unassign one of them first, or merge the people: smartlogd people merge")
    if bearer(connection, other) and not bearer(connection, one) and not asked.as_given:
        into, merged = other, end
    connection.execute(_MERGE, {"into": into, "uuid": merged})
    follow(connection, [UUID(merged)])
    return _changed({"uuid": into, "merged": merged}, undo=f"smartlogd unknown unmerge {merged}")


def unmerge(asked: Unmerge, work: Work) -> Outcome:
    """A stranger who was merged into another stands alone again."""
    uuid = stranger_named(work.connection, asked.uuid)
    (into,) = work.connection.execute(_MERGED_INTO, (uuid,)).fetchone()
    if into is None:
        return _unchanged({"uuid": uuid, "was": None})
    is_odd = bearer(work.connection, into) is None and bearer(work.connection, uuid) is not None
    work.connection.execute(_MERGE, {"into": None, "uuid": uuid})
    follow(work.connection, [UUID(uuid)])
    undo = f"smartlogd unknown merge {into} {uuid}{' --as-given' if is_odd else ''}"
    return _changed({"uuid": uuid, "was": into}, undo=undo)


def purge(asked: Purge, work: Work) -> Outcome:
    """The faces of strangers not seen for so long are destroyed, for good; their rows keep the uuid."""
    before = work.at.utc - dt.timedelta(seconds=asked.older_than_s)
    swept = retention.purge(work.connection, work.keys, work.folder, before)
    counts = {"templates": swept.templates, "crops": swept.crops, "keys": swept.keys}
    told = {"strangers": swept.strangers, **counts, "changed": swept.strangers > 0}
    return Outcome(told, gallery_changed=swept.strangers > 0)


def _root(connection: sqlite3.Connection, uuid: str) -> str:
    """The end of the chain: the stranger as a whole."""
    return str(root(connection, UUID(uuid)))


def _changed(told: Mapping[str, object], *, undo: str) -> Outcome:
    """Done, and how to take it back."""
    return Outcome({**told, "changed": True, "undo": undo}, gallery_changed=True)


def _unchanged(told: Mapping[str, object]) -> Outcome:
    """It was so before."""
    return Outcome({**told, "changed": False})
