"""Small files that are one account's alone: enrolments and fleet keys, placed whole or not at all."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartlogd.base.errors import DiskTrouble

log = logging.getLogger("smartlogd.sync")

MOST_BYTES = 256 * 1024


def read(path: Path) -> bytes | None:
    """The bytes of a private file, closed to others again where it was open to them; None where there is none.

    DiskTrouble for one that cannot be read or is larger than any of ours.
    """
    with _told(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                os.fchmod(descriptor, 0o600)
                log.warning("secret could be read by others", extra={"file": str(path), "now": "0600"})
            found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise DiskTrouble(f"{path} is larger than {MOST_BYTES // 1024} KiB, and none of ours.")
    return found


def place(path: Path, content: bytes) -> None:
    """Write `content` as `path`, 0600 in a folder that is 0700 where it is made here; on the disk when this returns.

    An old file of that name is replaced at one instant. DiskTrouble where the disk takes it not; nothing is left then.
    """
    with _told(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f".new-{secrets.token_hex(8)}")
        try:
            _write(unfinished, content)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def make(path: Path, content: bytes) -> None:
    """Write `content` as a new file `path`, 0600; DiskTrouble where there is one of that name already."""
    with _told(path):
        _write(path, content)
        _sync(path.parent)


def remove(path: Path) -> bool:
    """Remove the file for good; True when there was one."""
    with _told(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(path.parent)
    return True


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Let the system's complaint about a file be told as ours."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DiskTrouble(f"{path} cannot be read or written: {reason}.", "Check its owner and its folder.") from error
