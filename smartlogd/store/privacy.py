"""Whether the camera is to be kept closed: a person's word, which holds until a person takes it back. Plain SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from smartlogd.store.begin import note, noted
from smartlogd.store.recognise import read_only

PAUSED = "camera_paused"
"""The key in `meta`: no camera is opened while it is true, also after a restart or a power cut."""


def set_camera_paused(connection: sqlite3.Connection, *, is_paused: bool) -> None:
    """Remember whether the camera is paused; in the caller's transaction, on the disk when that is."""
    note(connection, PAUSED, is_paused)


def is_camera_paused(connection: sqlite3.Connection) -> bool:
    """Whether the camera is paused."""
    return noted(connection, PAUSED) is True


def was_camera_paused(path: Path) -> bool:
    """What the database at `path` says of it at a start; DiskTrouble where it cannot be read."""
    with read_only(path) as connection:
        return is_camera_paused(connection)
