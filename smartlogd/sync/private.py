"""Small files that are one account's alone: enrolments and fleet keys, placed whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartlogd.base import files
from smartlogd.base.errors import DiskTrouble

log = logging.getLogger("smartlogd.sync")

MOST_BYTES = 256 * 1024


def read(path: Path) -> bytes | None:
    """The bytes of a private file, closed to others again where it was open to them; None where there is none.

    DiskTrouble for one that cannot be read or is larger than any of ours.
    """
    with _told(path):
        found = files.private_bytes(path, MOST_BYTES + 1)
    if found is None:
        return None
    content, was_open = found
    if was_open:
        log.warning("secret could be read by others", extra={"file": str(path), "now": "0600"})
    if len(content) > MOST_BYTES:
        raise DiskTrouble(f"{path} is larger than {MOST_BYTES // 1024} KiB, and none of ours.")
    return content


def place(path: Path, content: bytes) -> None:
    """Write `content` as `path`, 0600 in a folder that is 0700 where it is made here; on the disk when this returns.

    An old file of that name is replaced at one instant. DiskTrouble where the disk takes it not; nothing is left then.
    """
    with _told(path):
        files.place(path, content)


def make(path: Path, content: bytes) -> None:
    """Write `content` as a new file `path`, 0600; DiskTrouble where there is one of that name already."""
    with _told(path):
        files.write_new(path, content)
        files.sync_folder(path.parent)


def remove(path: Path) -> bool:
    """Remove the file for good; True when there was one."""
    with _told(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        files.sync_folder(path.parent)
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Let the system's complaint about a file be told as ours."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DiskTrouble(f"{path} cannot be read or written: {reason}.", "Check its owner and its folder.") from error
