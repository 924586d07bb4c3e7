"""How long recordings lie on the device, and how much room they may take: the oldest go first, and events never.

By age, what is in the object store leaves no copy here; what is not goes only where there is no object store to wait
for. By size, copies go before what was never sent. What goes for want of room is told as a loss; what goes for its age
is not, for that was asked for. A clock that is not trusted lets nothing go for its age: it may be years ahead.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store import room
from smartlogd.store.discard import discarded, without_copy
from smartlogd.store.losses import tell_losses
from smartlogd.store.options import StoreOptions
from smartlogd.store.recordings import INSTANTS, Meant
from smartlogd.store.rows import Origin
from smartlogd.store.trouble import told

_DAY_US = 86_400_000_000
_LINKS = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE share_expires_at < :now" for table in INSTANTS)  # noqa: S608
_CLOSE = (
    "UPDATE {table} SET share_token_hash = NULL, share_expires_at = NULL, share_uses_left = NULL"
    " WHERE share_expires_at < ?"
)


@dataclass(frozen=True, slots=True)
class Thinned:
    """How many recordings went from this device for their age, and how many for want of room."""

    aged: int = 0
    squeezed: int = 0


def is_due(
    connection: sqlite3.Connection, folder: Path, now: Stamp, options: StoreOptions, *, has_locker: bool
) -> bool:
    """Whether `thin` would change anything; for a connection that cannot write, so that nobody else is held up."""
    if now.trusted and connection.execute(_LINKS, {"now": micros(now.utc)}).fetchone():
        return True
    return bool(_aged(connection, now, options, has_locker=has_locker) or _beyond(folder, options) > 0)


def thin(
    connection: sqlite3.Connection,
    origin: Origin,
    folder: Path,
    now: Stamp,
    options: StoreOptions,
    *,
    has_locker: bool,
) -> Thinned:
    """Let some of it go, in the caller's transaction; to be called until it gives nothing.

    `has_locker` says whether there is an object store that is to have what was not sent yet. Links that have expired
    are forgotten too.
    """
    if now.trusted:
        for table in INSTANTS:
            connection.execute(_CLOSE.format(table=table), (micros(now.utc),))
    aged = _aged(connection, now, options, has_locker=has_locker)
    for one in aged:
        without_copy(connection, folder, one) if one.phase == "uploaded" else discarded(connection, folder, [one])
    if aged:
        return Thinned(aged=len(aged))
    gone = room.let_go(connection, folder, room.oldest(connection), _beyond(folder, options))
    if gone.lost:
        tell_losses(connection, origin, now)
    return Thinned(squeezed=gone.files)


def _aged(connection: sqlite3.Connection, now: Stamp, options: StoreOptions, *, has_locker: bool) -> list[Meant]:
    """The oldest of those that were kept long enough."""
    if not now.trusted or options.media_keep_d == 0:
        return []
    before_us = micros(now.utc) - round(options.media_keep_d * _DAY_US)
    return [one for one, _ in room.oldest(connection, before_us) if one.phase == "uploaded" or not has_locker]


def _beyond(folder: Path, options: StoreOptions) -> int:
    """By how many bytes recordings and their stills take more room than they may; 0 where they may take any."""
    if options.media_most_mib == 0:
        return 0
    return max(0, taken_bytes(folder) - options.media_most_mib * room.MIB)


def taken_bytes(folder: Path) -> int:
    """How much room recordings take on the disk, stills and what is being written included."""
    size = 0
    with told(folder):
        for table in INSTANTS:
            if not (folder / table).is_dir():
                continue
            with os.scandir(folder / table) as files:
                size += sum(file.stat(follow_symlinks=False).st_size for file in files)
    return size
