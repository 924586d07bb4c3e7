"""Small private files of the state folder, placed whole or not at all."""

from __future__ import annotations

import logging
import os
import secrets
import stat
from pathlib import Path

from smartlogd.store.trouble import told

log = logging.getLogger("smartlogd.store")

UNFINISHED = ".new-"
"""How the name of a file begins that was not finished when the power was cut."""


def place(path: Path, content: bytes) -> None:
    """Write `content` as `path`, 0600 in a folder that is 0700 where it is made here; on the disk when this returns.

    An old file of that name is replaced at one instant. StoreTrouble where the disk takes it not; nothing is left then.
    """
    folder = path.parent
    with told(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = folder / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            _write(unfinished, content)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        sync_folder(folder)


def private_bytes(path: Path, folder: Path) -> bytes | None:
    """The bytes of a file that is its owner's alone, and is made so again where it was not; None where none is."""
    with told(folder):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            if os.fstat(descriptor).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                os.fchmod(descriptor, 0o600)
                log.warning("key could be read by others", extra={"file": str(path), "now": "0600"})
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or unlinked in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """The file's bytes are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
