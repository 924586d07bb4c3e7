"""A file gets its name only when it is whole and on the disk: temporary name, sync, rename."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from smartlogd.base.errors import DiskTrouble, Exit


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`, readable by its owner alone; an older file is replaced at once or not at all.

    Raises DiskTrouble where the folder cannot be written.
    """
    if path.is_dir():
        raise DiskTrouble(f"{path} is a folder.", "Name a file.", code=Exit.CANNOT_CREATE)
    temporary = temporary_beside(path)
    try:
        temporary.write_bytes(data)
        settle(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise trouble(path, error) from error


def temporary_beside(path: Path) -> Path:
    """A new, empty, private file in the same folder, so that renaming it stays within one disk."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:100]}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise trouble(path, error) from error
    os.close(handle)
    return Path(name)


def settle(temporary: Path, path: Path) -> None:
    """Give the finished file its name, once its bytes are on the disk; OSError as the file system raises it."""
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def trouble(path: Path, error: Exception) -> DiskTrouble:
    """What stood in the way of `path`, in one sentence."""
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC:
        return DiskTrouble(f"The disk is full: {path.name} was not written.", "Make room, or write to another disk.")
    if number == errno.ENOENT:
        return DiskTrouble(f"There is no folder {path.parent}.", "Make it first.", code=Exit.CANNOT_CREATE)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DiskTrouble(f"{path} may not be written.", "Choose a folder of your own.", code=Exit.CANNOT_CREATE)
    reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
    return DiskTrouble(f"{path.name} could not be written: {reason}.", code=Exit.CANNOT_CREATE)


def _sync(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
