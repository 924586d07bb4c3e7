"""Small private files of the state folder, placed whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from smartlogd.store.trouble import told

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
