"""Small private files, placed whole or not at all: the one file of the base that touches a disk.

What the system complains of is raised as it is (OSError); each room says it in its own words.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

UNFINISHED = ".new-"
"""How the name of a file begins that was not finished when the power was cut."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def place(path: Path, content: bytes) -> None:
    """Write `content` as `path`, 0600 in a folder that is 0700 where it is made here; on the disk when this returns.

    An old file of that name is replaced at one instant. Where it fails, nothing is left.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        write_new(unfinished, content)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, 0600; its bytes are on the disk when this returns, its name not surely."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def private_bytes(path: Path, most: int) -> tuple[bytes, bool] | None:
    """At most so many bytes of a file, and whether others could read it until now; None where there is none.

    A file that others could read is closed to them. A link is not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        was_open = bool(os.fstat(descriptor).st_mode & _OTHERS)
        if was_open:
            os.fchmod(descriptor, 0o600)
        return file.read(most), was_open


def sync_folder(folder: Path) -> None:
    """Make what was renamed or unlinked in `folder` survive a power cut."""
    _sync(folder, os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """The file's bytes are on the disk when this returns."""
    _sync(path, 0)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
