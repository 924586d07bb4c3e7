"""Tombstones that come down from the centre: who was forgotten elsewhere is forgotten here, for good. Plain SQL.

What follows here from a tombstone, and may not be known elsewhere, is sent up in its turn: tombstones of subjects that
only this device knew to be that person's, faces that only this device had of one who is another by now.
"""

from __future__ import annotations

import logging
from uuid import UUID

from smartlogd.base.wire import ALARM
from smartlogd.store.arriving import TombstoneRow
from smartlogd.store.find import Known
from smartlogd.store.forget import forgotten, taken_out
from smartlogd.store.keys import Unsealable
from smartlogd.store.meet import buried, enqueue, heir_of, row_id
from smartlogd.store.outcome import Work
from smartlogd.store.persons import entomb
from smartlogd.store.templates import reseal

log = logging.getLogger("smartlogd.store")

_SET = """
INSERT INTO tombstones (uid, what, heir, at) VALUES (:uid, :what, :heir, :at) ON CONFLICT (uid) DO NOTHING
"""
# Made one with somebody else here: what comes late follows the centre's word. What moved already has its own way up.
_OTHERWISE = """
UPDATE tombstones SET heir = :heir WHERE uid = :uid AND what = 'merged' AND :what = 'merged' AND heir IS NOT :heir
"""
_HEIR = "SELECT heir FROM tombstones WHERE uid = ? AND what = 'merged'"
_RAISE = "DELETE FROM tombstones WHERE uid = ?"
_ALIVE = "UPDATE users SET forgotten_at = NULL, role = 'member', updated_at = 0 WHERE uid = ?"
_PERSON = "SELECT id, uid, coalesce(name, '') FROM users WHERE uid = ?"
_UNTOLD = "SELECT uid, at FROM tombstones WHERE what = 'stranger' AND rowid > ?"
_LAST = "SELECT coalesce(max(rowid), 0) FROM tombstones"
_BECOME = (
    "UPDATE subjects SET user_id = :id WHERE user_id = :other",
    "UPDATE smartlog SET user_id = :id WHERE user_id = :other",
    "UPDATE events SET subject_user_id = :id WHERE subject_user_id = :other",
)
_LEFT_BEHIND = """
SELECT DISTINCT t.user FROM face_templates AS t JOIN tombstones AS m ON m.uid = t.user WHERE m.what = 'merged'
"""
_FACES = "SELECT id FROM face_templates WHERE user = ?"


def laid_to_rest(work: Work, row: TombstoneRow) -> bool:
    """Do as the tombstone says; False where it stood here already."""
    if row.what == "merged" and row.heir is not None:
        _taken_back(work, row.heir, row.uid)
    if buried(work.connection, row.uid) is not None:
        work.connection.execute(_OTHERWISE, row.model_dump())
        return False
    work.connection.execute(_SET, row.model_dump())
    found = work.connection.execute(_PERSON, (row.uid,)).fetchone()
    person = None if found is None else Known(*found)
    if row.what == "stranger":
        taken_out(work, [row.uid])
    elif person is not None and (heir := heir_of(work.connection, row.uid)) is not None:
        _become(work, person, heir)
    elif person is not None:
        _forgotten(work, person)
    return True


def _taken_back(work: Work, heir: str, uid: str) -> None:
    """Where the two were made one the other way round here, the centre's word counts: take ours back.

    Who was entombed by it lives again; what they are called comes with the centre's copy, to which ours gives way.
    """
    path = [heir]
    while path[-1] != uid and (step := work.connection.execute(_HEIR, (path[-1],)).fetchone()) is not None:
        if step[0] in path:
            return
        path.append(step[0])
    if path[-1] != uid:
        return
    for one in path[:-1]:
        work.connection.execute(_RAISE, (one,))
        work.connection.execute(_ALIVE, (one,))


def _forgotten(work: Work, person: Known) -> None:
    """As if they were forgotten here; of their subjects the centre may not have known."""
    (before,) = work.connection.execute(_LAST).fetchone()
    forgotten(work, person)
    for uuid, at_us in work.connection.execute(_UNTOLD, (before,)).fetchall():
        enqueue(work.connection, "tombstone", uuid, at_us, ALARM)


def _become(work: Work, person: Known, heir: str) -> None:
    """All that is one person's becomes another's; their faces follow (`faces_follow`)."""
    ids = {"id": row_id(work.connection, heir), "other": person.id}
    for statement in _BECOME:
        work.connection.execute(statement, ids)
    entomb(work, person, heir=heir)


def faces_follow(work: Work, *, is_last: bool) -> list[UUID]:
    """Seal faces of those who turned out to be others under the others' keys; whose keys open nothing any more.

    The heir's key comes from the device that made two into one. Only where all has come, and it is not among it, is
    one made here.
    """
    stale = []
    for (uid,) in work.connection.execute(_LEFT_BEHIND).fetchall():
        heir = heir_of(work.connection, uid)
        if heir is None or (UUID(heir) not in work.keys.owners() and not is_last):
            continue
        row_id(work.connection, heir)
        ids = [id_ for (id_,) in work.connection.execute(_FACES, (uid,))]
        try:
            reseal(work.connection, work.keys, of=UUID(uid), under=UUID(heir))
        except Unsealable as error:  # the fleet key that opens it may come
            log.warning("faces wait for a key", extra={"what": error.what, "hint": error.hint})
            continue
        for id_ in ids:
            enqueue(work.connection, "template", id_, work.at_us)
        stale.append(UUID(uid))
    return stale
