"""Room on the disk for what must not be lost: recordings go first, the oldest first, and events never.

Local copies of what is in the object store go before everything else: that is no loss. Then clips and snapshots that
were never sent, which are `lost` from then on, and last, when most of the room is gone, small pictures of faces. Files
go before the transaction is committed, for on a full disk there is no room even to note it; one that was cut short in
between is found gone and noted the next time. A clip's still goes with it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.time import Stamp
from smartlogd.store.crops import FOLDER as FACES
from smartlogd.store.crops import PICTURES, erase_crop
from smartlogd.store.discard import discarded, files_of, without_copy
from smartlogd.store.losses import note_loss, tell_losses
from smartlogd.store.recordings import Meant, of_row
from smartlogd.store.rows import Origin
from smartlogd.store.trouble import told

MOST_FILES = 50
"""So many go in one transaction."""
MIB = 1024 * 1024
CRAMPED = 0.25
"""When this little is left of the room that is to be kept, nothing is recorded any more, and pictures go too: they are
small, and gone in days anyway."""

_KEPT = " UNION ALL ".join(
    f"SELECT '{table}' AS what, event_id, phase, path, {still}, s3_uri, {at} AS at, id FROM {table}"  # noqa: S608
    " WHERE path IS NOT NULL AND phase IN ('kept', 'uploaded')"
    for table, still, at in (("clips", "preview_png", "start_ts"), ("snapshots", "NULL", "ts"))
)
_OLDEST = f"SELECT * FROM ({_KEPT}) WHERE at < ? ORDER BY phase DESC, at, id LIMIT ?"  # noqa: S608
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Relieved:
    """How many files went and how many bytes they had, and how many of them nobody has any more."""

    files: int
    bytes: int
    lost: int


def free_bytes(folder: Path) -> int:
    """How much the disk can still take from us."""
    with told(folder):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize


def is_cramped(folder: Path, keep_free_mib: int) -> bool:
    """Whether less room is left than is to be kept."""
    return free_bytes(folder) < keep_free_mib * MIB


def relieve(connection: sqlite3.Connection, origin: Origin, folder: Path, now: Stamp, keep_free_mib: int) -> Relieved:
    """Give up some files, in the caller's transaction, until there is room enough; to be called until none went."""
    keep_free = keep_free_mib * MIB
    free = free_bytes(folder)
    gone = let_go(connection, folder, oldest(connection), keep_free - free)
    if not gone.files and free < CRAMPED * keep_free:
        gone = _pictures_gone(connection, folder / FACES, CRAMPED * keep_free - free)
    if gone.lost:
        tell_losses(connection, origin, now)
    return gone


def oldest(connection: sqlite3.Connection, before_us: int = _EVER) -> list[tuple[Meant, int]]:
    """What would go first, and next, and when each began: copies of what was sent, then what never was."""
    rows = connection.execute(_OLDEST, (before_us, MOST_FILES)).fetchall()
    return [(of_row(tuple(row)), at_us) for *row, at_us, _ in rows]


def let_go(connection: sqlite3.Connection, folder: Path, found: Iterable[tuple[Meant, int]], wanted: float) -> Relieved:
    """Remove recordings with their stills, in the caller's transaction, until so many bytes went; losses are noted."""
    files = size = lost = 0
    for one, at_us in found:
        if size >= wanted:
            break
        had = sum(_size(folder / path) for path in files_of(folder, one))
        if one.phase == "uploaded":
            without_copy(connection, folder, one)
        else:
            discarded(connection, folder, [one])
            note_loss(connection, one.table, had, at_us)
            lost += 1
        files, size = files + 1, size + had
    return Relieved(files, size, lost)


def _pictures_gone(connection: sqlite3.Connection, faces: Path, wanted: float) -> Relieved:
    files = size = 0
    with told(faces):
        found = sorted((file.stat().st_mtime, file) for file in faces.glob("*.jpg"))
    for taken_s, file in found[:MOST_FILES]:
        if size >= wanted:
            break
        had = _size(file)
        erase_crop(connection, faces, file.stem)
        note_loss(connection, PICTURES, had, round(taken_s * 1e6))
        files, size = files + 1, size + had
    return Relieved(files, size, files)


def _size(path: Path) -> int:
    """The file's bytes; none where it is gone already."""
    return path.stat().st_size if path.is_file() else 0
