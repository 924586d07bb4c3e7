"""What comes down from the centre, taken into this device's database: a page in one transaction, with its cursor.

A row that does not fit is left out, with a word in the log, and holds nothing up. A row of a later version of the wire
is left for a later smartlogd: where the first such row came is noted, and once this smartlogd speaks that version, it
asks again from there. Taking a page twice, or pages in another order, ends alike.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError

from smartlogd.base.wire import WIRE, Applied, Page
from smartlogd.store import arriving
from smartlogd.store.asker import Asker
from smartlogd.store.begin import begin_anew, note, noted
from smartlogd.store.belonging import belongs
from smartlogd.store.come import come, gone
from smartlogd.store.engine import Store
from smartlogd.store.follow import follow
from smartlogd.store.keys import Unsealable
from smartlogd.store.meet import met, seen
from smartlogd.store.ordered import model, no_model, no_routine, routine
from smartlogd.store.outcome import Work
from smartlogd.store.rest import faces_follow, laid_to_rest
from smartlogd.store.triggers import PULLING

log = logging.getLogger("smartlogd.store")

CENTRE, CURSOR, HELD = "centre", "cursor", "held"
_DONE = "DELETE FROM meta WHERE key = ?"


@dataclass(slots=True)
class _Taking:
    """A page that is being taken in."""

    work: Work
    device_id: int
    taken: int = 0
    held: int = 0
    gallery_changed: bool = False
    follows: list[str] = field(default_factory=list)
    stale: list[UUID] = field(default_factory=list)

    def face(self, row: arriving.FaceRow) -> None:
        self.gallery_changed |= come(self.work, row)

    def no_face(self, row: arriving.FaceGone) -> None:
        self.gallery_changed |= gone(self.work, row)

    def person(self, row: arriving.UserRow) -> None:
        self.gallery_changed |= met(self.work, row)

    def subject(self, row: arriving.SubjectRow) -> None:
        if seen(self.work, row):
            self.follows.append(row.uuid)
            self.gallery_changed = True

    def tombstone(self, row: arriving.TombstoneRow) -> None:
        self.gallery_changed |= laid_to_rest(self.work, row)

    def routine(self, row: arriving.RoutineRow) -> None:
        routine(self.work.connection, self.device_id, row)

    def no_routine(self, row: arriving.RoutineGone) -> None:
        no_routine(self.work.connection, row)

    def model(self, row: arriving.ModelRow) -> None:
        model(self.work.connection, row)

    def no_model(self, row: arriving.ModelGone) -> None:
        no_model(self.work.connection, row)


_TAKE: Mapping[type[arriving.Row], Callable[[_Taking, Any], None]] = {
    arriving.UserRow: _Taking.person,
    arriving.SubjectRow: _Taking.subject,
    arriving.FaceRow: _Taking.face,
    arriving.FaceGone: _Taking.no_face,
    arriving.TombstoneRow: _Taking.tombstone,
    arriving.RoutineRow: _Taking.routine,
    arriving.RoutineGone: _Taking.no_routine,
    arriving.ModelRow: _Taking.model,
    arriving.ModelGone: _Taking.no_model,
}


class StoreInbox:
    """The inbox of an open store (`base.ports.Inbox`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asker = Asker(store.path)

    async def cursor(self) -> tuple[str | None, int]:
        """The centre that was last asked, and how far what it said was taken; (None, 0) before the first time.

        After an upgrade that speaks a later version of the wire: where the first row of it was left.
        """
        return await self._asker.ask(_cursor)

    async def apply(self, page: Page) -> Applied:
        """Take a page into the database, and its cursor with it, in one transaction.

        A page of another centre than before is not taken: it is asked again, from its beginning, and everyone who is
        known is enqueued for it. Its fleet key, where one comes with the page, is to be adopted before this is called.
        """
        erases = any(row.get("kind") == "tombstone" or row.get("gone") is True for row in page.rows)
        taking = await self._store.change(lambda connection: self._applied(connection, page), scrub=erases)
        for owner in taking.stale:
            self._store.keys.destroy(owner)
        return Applied(taking.taken, taking.held, taking.gallery_changed)

    async def close(self) -> None:
        """Close the reading connection; a second call does nothing."""
        await self._asker.close()

    def _applied(self, connection: sqlite3.Connection, page: Page) -> _Taking:
        """In the writer's transaction."""
        store = self._store
        taking = _Taking(Work(connection, store.keys, store.path.parent, store.now()), store.origin.device_id)
        centre, cursor = _cursor(connection)
        if centre is not None and centre != page.centre:
            log.warning("another centre answers", extra={"was": centre, "now": page.centre})
            begin_anew(connection)
            connection.execute(_DONE, (HELD,))
            _turn_to(connection, page.centre, 0)
            return taking
        _mark_held(connection, page, cursor)
        note(connection, PULLING, value=True)
        for row in page.rows:
            _take(taking, row)
        taking.stale = faces_follow(taking.work, is_last=page.is_last)
        taking.gallery_changed |= bool(taking.stale)
        follow(connection, taking.follows)
        taking.gallery_changed |= _said_of_us(taking, page.device)
        connection.execute(_DONE, (PULLING,))
        _turn_to(connection, page.centre, page.cursor)
        return taking


def _cursor(connection: sqlite3.Connection) -> tuple[str | None, int]:
    centre, cursor, held = (noted(connection, key) for key in (CENTRE, CURSOR, HELD))
    at = cursor if isinstance(cursor, int) else 0
    if isinstance(held, dict) and held["wire"] < WIRE:
        at = min(at, held["cursor"])
    return (centre if isinstance(centre, str) else None), at


def _turn_to(connection: sqlite3.Connection, centre: str, cursor: int) -> None:
    note(connection, CENTRE, centre)
    note(connection, CURSOR, cursor)


def _is_newer(row: Mapping[str, object]) -> bool:
    version = row.get("v", 1)
    return isinstance(version, int) and version > WIRE


def _mark_held(connection: sqlite3.Connection, page: Page, cursor: int) -> None:
    """Note where the first row was left, by this version of the wire; what an older one left is being asked again."""
    held = noted(connection, HELD)
    if isinstance(held, dict) and held["wire"] < WIRE:
        connection.execute(_DONE, (HELD,))
        held = None
    if held is None and any(map(_is_newer, page.rows)):
        note(connection, HELD, {"wire": WIRE, "cursor": cursor})


def _take(taking: _Taking, row: Mapping[str, object]) -> None:
    """Take one row, or leave it out."""
    if _is_newer(row):
        taking.held += 1
        return
    form = arriving.form_of(row)
    if form is None:
        log.warning("row from the centre left out", extra={"kind": str(row.get("kind"))[:32], "why": "unknown kind"})
        return
    connection = taking.work.connection
    connection.execute("SAVEPOINT one")
    try:
        _TAKE[form](taking, form.model_validate(row))
        taking.taken += 1
    except (ValidationError, sqlite3.IntegrityError, Unsealable) as error:
        connection.execute("ROLLBACK TO one")
        log.warning("row from the centre left out", extra={"kind": row["kind"], "why": _why(error)})
    connection.execute("RELEASE one")


def _why(error: Exception) -> str:
    """What does not fit, without the value: it may be a face, or a name."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['type']}"


def _said_of_us(taking: _Taking, device: Mapping[str, object]) -> bool:
    if not device:
        return False
    try:
        said = arriving.DeviceSaid.model_validate(cast(Any, device))
    except ValidationError as error:
        log.warning("what the centre says of this device does not fit", extra={"why": _why(error)})
        return False
    return belongs(taking.work.connection, taking.device_id, said)
