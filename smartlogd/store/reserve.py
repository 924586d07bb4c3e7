"""A file that takes up room, to be given up when the disk is full.

SQLite needs room even to delete rows. With nothing kept back, a full disk could neither take the events that wait
nor be tidied; with it, the writer has some thousand events' worth of time until someone makes room.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_MIB = 1024 * 1024


class Reserve:
    """So many MiB in a file of the state folder. Its methods raise OSError as the file system does."""

    def __init__(self, folder: Path, mib: int) -> None:
        self._folder = folder
        self._path = folder / "reserve"
        self._bytes = mib * _MIB

    @property
    def is_whole(self) -> bool:
        """Whether the room is taken up now; always, when none was asked for."""
        return self._bytes == 0 or (self._path.exists() and self._path.stat().st_size >= self._bytes)

    def release(self) -> bool:
        """Give the room back to the disk; True when there was any."""
        if self._bytes == 0 or not self._path.exists():
            return False
        self._path.unlink()
        return True

    def make(self) -> bool:
        """Take up the room, if as much again stays free (else the disk would be full at once); True when it is held."""
        if self.is_whole:
            return True
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < 2 * self._bytes:
            return False
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._bytes)
        except OSError as error:
            self._path.unlink()  # half a reserve would count as none
            if error.errno != errno.ENOSPC:
                raise
            return False  # someone else was quicker
        finally:
            os.close(descriptor)
        return True
