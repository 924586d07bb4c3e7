"""Room on the disk for what must not be lost: recordings go first, the oldest first, and events never.

Local copies of what is in the object store go before everything else: that is no loss. Then clips and snapshots that
were never sent, which are `lost` from then on, and last, when most of the room is gone, small pictures of faces. Files
go before the transaction is committed, for on a full disk there is no room even to note it; one that was cut short in
between is found gone and noted the next time.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.time import Stamp
from smartlogd.store.crops import FOLDER as FACES
from smartlogd.store.crops import PICTURES, erase_crop
from smartlogd.store.forget import unlinked
from smartlogd.store.losses import note_loss, tell_losses
from smartlogd.store.rows import Origin
from smartlogd.store.trouble import told

MOST_FILES = 50
"""So many go in one transaction."""
_MIB = 1024 * 1024
_CRAMPED = 0.25
"""Pictures go only when this little is left of the room that is to be kept: they are small, and gone in days anyway."""

_MEDIA = "SELECT '{table}' AS what, id, path, {at} AS at, phase = 'uploaded' AS is_copy FROM {table}"
_OLDEST = " UNION ALL ".join(
    f"{_MEDIA.format(table=table, at=at)} WHERE path IS NOT NULL AND phase IN ('kept', 'uploaded')"
    for table, at in (("clips", "start_ts"), ("snapshots", "ts"))
)
_OLDEST = f"SELECT what, id, path, at, is_copy FROM ({_OLDEST}) ORDER BY is_copy DESC, at, id LIMIT ?"  # noqa: S608
_GIVEN_UP = {
    table: f"UPDATE {table} SET path = NULL, phase = iif(phase = 'kept', 'lost', phase) WHERE id = ?"  # noqa: S608
    for table in ("clips", "snapshots")
}


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
    return free_bytes(folder) < keep_free_mib * _MIB


def relieve(connection: sqlite3.Connection, origin: Origin, folder: Path, now: Stamp, keep_free_mib: int) -> Relieved:
    """Give up some files, in the caller's transaction, until there is room enough; to be called until none went."""
    keep_free = keep_free_mib * _MIB
    free = free_bytes(folder)
    gone = _media_gone(connection, folder, keep_free - free)
    if not gone.files and free < _CRAMPED * keep_free:
        gone = _pictures_gone(connection, folder / FACES, _CRAMPED * keep_free - free)
    if gone.lost:
        tell_losses(connection, origin, now)
    return gone


def _media_gone(connection: sqlite3.Connection, folder: Path, wanted: float) -> Relieved:
    files = size = lost = 0
    for what, id_, path, at_us, is_copy in connection.execute(_OLDEST, (MOST_FILES,)).fetchall():
        if size >= wanted:
            break
        had = _size(folder / path)
        unlinked(folder, [path])
        connection.execute(_GIVEN_UP[what], (id_,))
        if not is_copy:
            note_loss(connection, what, had, at_us)
        files, size, lost = files + 1, size + had, lost + (not is_copy)
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
