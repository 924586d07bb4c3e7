"""One writer at a time: an exclusive lock on the state folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from smartlogd.base.errors import DiskTrouble, Exit, Fate
from smartlogd.store.trouble import told

LOCK = "lock"


class FolderTaken(DiskTrouble):
    """Another process has the folder's lock (exit 73)."""

    code = Exit.CANNOT_CREATE


class FolderLock:
    """A held flock(2) on a file of the state folder: `lock`, where the database has its usual name.

    The kernel gives it back when the process ends, however it ends, so a crash leaves nothing to clean up. The file
    holds the pid of whoever has the lock, and is never deleted: a deleted lock file can be locked twice.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path, name: str = LOCK) -> Self:
        """Lock `folder`; FolderTaken naming the pid where another process has it."""
        with told(folder):
            descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _taken(folder, os.pread(descriptor, 32, 0)) from None
            with told(folder):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            undo.pop_all()
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _taken(folder: Path, written: bytes) -> FolderTaken:
    """What to tell the second writer."""
    holder = written.decode(errors="replace").strip()
    return FolderTaken(
        f"Another smartlogd (pid {holder or 'unknown'}) already writes in {folder}.",
        "Ask the running one (`smartlogd status`), stop it first, or give this one a state folder of its own.",
        fate=Fate.FATAL,
    )
