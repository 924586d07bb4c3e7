"""Small pictures of faces, so that a person may say whose they are: `<state>/faces/<subject>.jpg`, 0600.

They are a help to the eye and no part of the log: one that cannot be written is left out, and each goes after some
hours. A picture bears the instant at which it was taken as its file's time. What was left out for want of room is noted
as a loss.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sqlite3
from pathlib import Path
from uuid import UUID

from smartlogd.schema.instants import micros
from smartlogd.store.losses import note_loss
from smartlogd.store.places import UNFINISHED, place
from smartlogd.store.trouble import StoreTrouble, told

log = logging.getLogger("smartlogd.store")

FOLDER = "faces"
PICTURES = "pictures"
"""What they are called where their loss is told."""
LARGEST_BYTES = 256 * 1024

_POINT = "UPDATE subjects SET best_crop = ? WHERE uuid = ?"
_POINTED = "SELECT uuid FROM subjects WHERE best_crop IS NOT NULL"


def keep_crop(connection: sqlite3.Connection, faces: Path, subject: UUID, jpeg: bytes, at: dt.datetime) -> bool:
    """Write the subject's picture in place of an earlier one, and note its path; False where it had to be left out.

    An empty one is one that could not be held in memory until now.
    """
    if not jpeg:
        note_loss(connection, PICTURES, 0, micros(at))
        return False
    if len(jpeg) > LARGEST_BYTES or not jpeg.startswith(b"\xff\xd8"):
        return False
    path = faces / f"{subject}.jpg"
    try:
        place(path, jpeg)
        with told(faces):
            os.utime(path, (at.timestamp(), at.timestamp()))
    except StoreTrouble as trouble:
        log.warning("picture left out", extra={"state": trouble.word, "what": trouble.what, "hint": trouble.hint})
        note_loss(connection, PICTURES, len(jpeg), micros(at))
        return False
    connection.execute(_POINT, (f"{FOLDER}/{path.name}", str(subject)))
    return True


def erase_crop(connection: sqlite3.Connection, faces: Path, subject: UUID | str) -> bool:
    """Remove the subject's picture and the note of it; True when there was one."""
    connection.execute(_POINT, (None, str(subject)))
    with told(faces):
        try:
            (faces / f"{subject}.jpg").unlink()
        except FileNotFoundError:
            return False
    return True


def sweep_crops(connection: sqlite3.Connection, faces: Path, before: dt.datetime) -> int:
    """Remove all pictures taken before, and notes of pictures that are gone; how many pictures went.

    Pictures that no subject knows, as after a power cut, go too, whatever their age.
    """
    noted = {uuid for (uuid,) in connection.execute(_POINTED)}
    gone, there = 0, set()
    with told(faces):
        for file in sorted(faces.iterdir()) if faces.is_dir() else ():
            if file.name.startswith(UNFINISHED):
                file.unlink()
            elif file.stem not in noted or file.stat().st_mtime < before.timestamp():
                file.unlink()
                gone += 1
            else:
                there.add(file.stem)
    connection.executemany(_POINT, [(None, uuid) for uuid in sorted(noted - there)])
    return gone
