"""Signs of life, while something lasts: a start that was killed could not say when it was over. Plain SQL.

`meta` has under "life" when this start was last known to live, and what lasted then; it is noted at the start, and once
a minute while anything lasts and nothing else is written that would tell the same. The next start ends what was left
open at the last sign of its own start, and says so in its data: {"cut": true}.
"""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple
from zoneinfo import ZoneInfo

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import doings
from smartlogd.store.begin import NEWEST, note, noted
from smartlogd.store.doings import Sign
from smartlogd.store.ends import note_ends
from smartlogd.store.lasting import LASTING, listed
from smartlogd.store.outward import AT, BOOT
from smartlogd.store.quarters import bounds, day_of
from smartlogd.store.rows import End, Origin

KEY = "life"
NOTED_US = 60_000_000
"""A sign is noted when there was none for so long."""
MOST_NEW = 2000
"""Nor do more events come between two notes: so many are looked through for what lasts."""

_TYPES = listed(LASTING)
_OPEN = f"""
SELECT e.id, e.event_id, e.boot_id, e.mono_us, e.ts, {AT} FROM events AS e {BOOT}
WHERE (e.id IN (SELECT value FROM json_each(:open)) OR e.id > :to) AND e.ended_at IS NULL AND e.type IN ({_TYPES})
"""  # noqa: S608 - constants of ours
_OF_BOOT = f"{_OPEN} AND e.boot_id = :boot"
_OF_OTHERS = f"{_OPEN} AND e.boot_id <> :boot"
_LATEST = """
SELECT boot_id, max(mono_us + coalesce(ended_at - ts, 0)) FROM events
WHERE (id IN (SELECT value FROM json_each(:open)) OR id > :to) AND boot_id <> :boot AND mono_us IS NOT NULL GROUP BY 1
"""
_NEWEST_SIGN = "SELECT boot_id, mono_us FROM events ORDER BY id DESC LIMIT 1"


class Life(NamedTuple):
    """The newest note: whose sign it is, by both clocks, which events lasted, and up to which one was looked."""

    boot_id: str
    mono_us: int
    at_us: int
    open: tuple[int, ...]
    to: int

    @property
    def asked(self) -> dict[str, str | int]:
        """What the statements ask for: where something may be that lasts."""
        return {"open": json.dumps(self.open), "to": self.to}


def begun(connection: sqlite3.Connection, origin: Origin, start: Stamp) -> None:
    """Note that this start lives, in the caller's transaction; after `cut_short`, so that nothing lasts."""
    _note(connection, Life(origin.boot_id, start.mono_ns // 1000, micros(start.utc), (), _newest(connection)))


def cut_short(connection: sqlite3.Connection, boot_id: str) -> int:
    """End what other starts left open at their last sign of life, in the caller's transaction; how many that were."""
    life = known(connection)
    if life is None:
        return 0
    asked = {**life.asked, "boot": boot_id}
    last: dict[str, int] = dict(connection.execute(_LATEST, asked).fetchall())
    last[life.boot_id] = max(last.get(life.boot_id, 0), life.mono_us)
    ends = [
        End(event, ts, max(last.get(boot, 0), mono_us or 0), boot, '{"cut":true}')
        for _, event, boot, mono_us, ts, _ in connection.execute(_OF_OTHERS, asked)
    ]
    note_ends(connection, ends)
    return len(ends)


def is_due(connection: sqlite3.Connection, origin: Origin, now: Stamp) -> bool:
    """Whether `note_life` should be called; for a connection that cannot write, so that nobody else is held up."""
    life = known(connection)
    if life is None or life.boot_id != origin.boot_id or _newest(connection) - life.to > MOST_NEW:
        return True
    before_us = now.mono_ns // 1000 - NOTED_US
    if life.mono_us > before_us:
        return False
    newest = connection.execute(_NEWEST_SIGN).fetchone()
    if newest is not None and newest[0] == origin.boot_id and (newest[1] or 0) > before_us:
        return False
    return connection.execute(_OF_BOOT, {**life.asked, "boot": origin.boot_id}).fetchone() is not None


def note_life(connection: sqlite3.Connection, origin: Origin, now: Stamp, zone: ZoneInfo) -> None:
    """Note a sign of life, in the caller's transaction; what lasts over midnight has the day before counted again."""
    before, at_us = known(connection), micros(now.utc)
    asked = {**before.asked, "boot": origin.boot_id} if before else {"open": "[]", "to": -1, "boot": origin.boot_id}
    lasting = connection.execute(_OF_BOOT, asked).fetchall()
    open_ = tuple(number for number, *_ in lasting)
    _note(connection, Life(origin.boot_id, now.mono_ns // 1000, at_us, open_, _newest(connection)))
    midnight, _ = bounds(day_of(at_us, zone), zone)
    if lasting and before and before.at_us < midnight <= at_us:
        doings.reopen(connection, [(min(at for *_, at in lasting), midnight - 1)])


def sign(connection: sqlite3.Connection) -> Sign | None:
    """Until when the newest start is known to have lived, and since when anything lasts; None where nothing does."""
    life = known(connection)
    if life is None:
        return None
    lasting = connection.execute(_OF_BOOT, {**life.asked, "boot": life.boot_id}).fetchall()
    if not lasting:
        return None
    newest = connection.execute(_NEWEST_SIGN).fetchone()
    later_us = max(0, newest[1] - life.mono_us) if newest[0] == life.boot_id and newest[1] else 0
    return Sign(life.boot_id, life.mono_us + later_us, life.at_us + later_us, min(at for *_, at in lasting))


def known(connection: sqlite3.Connection) -> Life | None:
    """The newest note; None where there is none."""
    found = noted(connection, KEY)
    if not isinstance(found, dict):
        return None
    try:
        return Life(found["boot"], found["mono"], found["at"], tuple(found["open"]), found["to"])
    except (KeyError, TypeError):  # written by hand
        return None


def _note(connection: sqlite3.Connection, life: Life) -> None:
    told = {"boot": life.boot_id, "mono": life.mono_us, "at": life.at_us, "open": life.open, "to": life.to}
    note(connection, KEY, told)


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute(NEWEST).fetchone()[0])
