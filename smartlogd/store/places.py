"""Small private files of the state folder: placed and read as `base.files` does, what goes wrong told of the folder."""

from __future__ import annotations

import logging
from pathlib import Path

from smartlogd.base import files
from smartlogd.base.files import UNFINISHED, sync_file, sync_folder
from smartlogd.store.trouble import told

__all__ = ["UNFINISHED", "place", "private_bytes", "sync_file", "sync_folder"]

log = logging.getLogger("smartlogd.store")

_MOST_BYTES = 4096


def place(path: Path, content: bytes) -> None:
    """Write `content` as `path`, whole and private; StoreTrouble where the disk takes it not."""
    with told(path.parent):
        files.place(path, content)


def private_bytes(path: Path, folder: Path) -> bytes | None:
    """The bytes of a file that is its owner's alone, and is made so again where it was not; None where none is."""
    with told(folder):
        found = files.private_bytes(path, _MOST_BYTES)
    if found is None:
        return None
    content, was_open = found
    if was_open:
        log.warning("key could be read by others", extra={"file": str(path), "now": "0600"})
    return content
