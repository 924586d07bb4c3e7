"""What crosses the wire between a device and the centre, as plain values.

A device sends items: JSON objects that name their row by what is the same everywhere (`event_id`, `uid`, `uuid`, a
device by its login), never by an integer id of one database. Instants are whole microseconds since 1970 UTC. Every
item has `seq` (its number in the outbox), `kind`, and `v`: the version of the wire in which its form was first
spoken. A side that meets an item newer than itself holds it; nothing is lost by it, nothing refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

WIRE = 1
"""The version of the wire that this smartlogd speaks."""

ALARM, NORMAL, BULK = 0, 1, 2
"""Priorities of what waits: alarms and forgetting; events and people; history and recordings."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Items on their way: `body` is their JSON array; `seqs` are their numbers, in its order.

    `end` is where the next parcel begins: priority and number of the last row that was looked at. `void` are numbers
    of rows that were gone when they were to be read: there is nothing to send, and nothing to wait for.
    """

    body: str
    seqs: tuple[int, ...]
    end: tuple[int, int]
    void: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the centre said of each item, by number. One that is in none of these has no verdict, and stays."""

    ok: tuple[int, ...] = ()
    duplicate: tuple[int, ...] = ()
    rejected: Mapping[int, str] = field(default_factory=dict)
    held: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be sent: how many rows, how many of them for a clock that can be trusted, the oldest's stamp.

    `dead` is how many the centre refused for good.
    """

    rows: int
    for_clock: int
    oldest: dt.datetime | None
    dead: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what changed at the centre: rows as they came, and the cursor to ask with next time.

    `centre` is the uuid of the central database: another one is another story, begun at cursor 0. `device` is what
    the centre says of this device: its owner, whether it is enabled. `fleet_key` is the newest, wrapped for it.
    """

    centre: str
    cursor: int
    rows: tuple[Mapping[str, object], ...]
    is_last: bool
    device: Mapping[str, object] = field(default_factory=dict)
    fleet_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a page: rows taken, rows left for a later version of this smartlogd, whether faces changed."""

    taken: int
    held: int
    gallery_changed: bool
