"""Small private files of the state folder: placed and read as `base.files` does, what goes wrong told of the folder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from smartlogd.base import files
from smartlogd.base.files import UNFINISHED, sync_file, sync_folder
from smartlogd.store.trouble import told

__all__ = ["UNFINISHED", "place", "private_bytes", "sync_file", "sync_folder", "unlinked"]

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


def unlinked(folder: Path, paths: Iterable[str]) -> int:
    """Remove these files of the state folder, never one outside of it; how many there were."""
    gone: set[Path] = set()
    with told(folder):
        home = folder.resolve()
        for path in ((home / name).resolve() for name in paths):
            if path.is_relative_to(home) and path.is_file():
                path.unlink()
                gone.add(path)
        for parent in {path.parent for path in gone}:
            sync_folder(parent)
    return len(gone)
