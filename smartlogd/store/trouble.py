"""What SQLite and the file system complain of, in words for the person at the device."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, Exit, Fate

OK = "ok"
DISK_FULL = "disk full"
READ_ONLY = "read-only"
DAMAGED = "damaged"
_CRAMPED_BYTES = 64 * 1024


class StoreTrouble(DiskTrouble):
    """The database cannot be read or written now; `word` is the state's name in `status`."""

    fate = Fate.RETRY

    def __init__(self, word: str, what: str, hint: str, code: Exit = Exit.DISK) -> None:
        super().__init__(what, hint, code=code)
        self.word = word


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of trouble; `what` and `hint` name the folder."""

    word: str
    what: str
    hint: str
    code: Exit = Exit.DISK


_FULL = _Kind(
    DISK_FULL,
    "The disk that holds {folder} is full.",
    "Free some space (`df -h {folder}` shows how much is left); waiting events are then written by themselves.",
)
_READ_ONLY = _Kind(
    READ_ONLY,
    "{folder} cannot be written: it is read-only.",
    "A worn-out card turns read-only by itself: see `dmesg`, and mount it writable again or replace it.",
    Exit.PERMISSION,
)
_DENIED = _Kind(
    "denied",
    "{folder} cannot be written: permission denied.",
    "Give the folder to the user that runs smartlogd: chown -R USER {folder}",
    Exit.PERMISSION,
)
_LOCKED = _Kind(
    "locked",
    "Another program holds the database in {folder} locked.",
    "Close it (an open transaction in a sqlite3 shell?); waiting events are then written by themselves.",
)
_DAMAGED = _Kind(
    DAMAGED,
    "The database in {folder} is damaged.",
    "Start smartlogd again: it sets the damaged file aside, saves what can be read of it, and goes on with that.",
)
_AWAY = _Kind(
    "away",
    "The database in {folder} cannot be opened: it was moved, deleted, or its folder is gone.",
    "Put it back, or restart smartlogd to begin a new log.",
)
_BROKEN = _Kind(
    "disk error",
    "The disk that holds {folder} reports an error ({error}).",
    "See `dmesg` for the disk's own words; a dying card should be replaced.",
)

_BY_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: _AWAY,
    sqlite3.SQLITE_IOERR: _BROKEN,
}
_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: _AWAY,
}


def _looked_into(kind: _Kind, folder: Path) -> _Kind:
    """The same, or what is behind it: SQLite reports some full and some read-only disks in general words."""
    if kind not in {_BROKEN, _AWAY}:
        return kind
    try:
        disk = os.statvfs(folder)
    except OSError:
        return kind
    if disk.f_flag & os.ST_RDONLY:
        return _READ_ONLY
    if kind is _AWAY and not os.access(folder, os.W_OK | os.X_OK):
        return _DENIED
    return _FULL if disk.f_bavail * disk.f_frsize < _CRAMPED_BYTES else kind


def file_trouble(error: OSError, folder: Path) -> StoreTrouble:
    """What the file system complains of."""
    return _told(_BY_ERRNO.get(error.errno or 0, _BROKEN), folder, error.strerror or str(error))


def sqlite_trouble(error: sqlite3.Error, folder: Path) -> StoreTrouble | None:
    """What SQLite complains of, or None where it is no trouble of the disk but a mistake in the program."""
    code = getattr(error, "sqlite_errorcode", 0)
    kind = _AWAY if code == sqlite3.SQLITE_READONLY_DBMOVED else _BY_SQLITE.get(code & 0xFF)
    return None if kind is None else _told(kind, folder, getattr(error, "sqlite_errorname", str(error)))


def _told(kind: _Kind, folder: Path, error: str) -> StoreTrouble:
    """The kind of trouble, said of this folder."""
    kind = _looked_into(kind, folder)
    what, hint = kind.what.format(folder=folder, error=error), kind.hint.format(folder=folder)
    return StoreTrouble(kind.word, what, hint, kind.code)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Translate what SQLite or the file system complains of inside the `with` block."""
    try:
        yield
    except OSError as error:
        raise file_trouble(error, folder) from error
    except sqlite3.Error as error:
        trouble = sqlite_trouble(error, folder)
        if trouble is None:
            raise
        raise trouble from error
