"""Sets a database aside whole: what is damaged is kept for whoever wants to look, and a new file takes its place.

The database, its -wal and its -shm belong together: a -wal that stayed behind would be played into the new database.
They are renamed into a folder of their own, which is quick whatever their size, and nothing in them is changed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from smartlogd.store.places import place, sync_folder
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.trouble import told

CORRUPT, REPLACED = "corrupt", "replaced"
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
_MARK = ".damaged"


def set_aside(path: Path, now: dt.datetime, why: str = CORRUPT) -> Path:
    """Move the database at `path`, and what belongs to it, into `<folder>/<why>-<UTC>/` (0700); gives that folder.

    The database goes last: should the power be cut in between, it is still there to be set aside again, and a file
    that is not there makes no new one.
    """
    folder = path.parent
    with told(folder):
        aside = _made(folder, f"{why}-{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}")
        for name in (*(path.name + end for end in BESIDE), path.name):
            if (folder / name).exists():
                (folder / name).rename(aside / name)
        sync_folder(aside)
        sync_folder(folder)
    return aside


def set_aside_folders(folder: Path) -> list[Path]:
    """The folders in which damaged databases were set aside here, oldest first."""
    return sorted(path for path in folder.glob(f"{CORRUPT}-*") if (path / DATABASE).is_file())


def mark(path: Path) -> None:
    """Note beside the database that SQLite met a broken page in it: the next start sets it aside.

    The page may be one that a start never reads, so the start could not find out by itself in time.
    """
    place(path.with_name(path.name + _MARK), b"SQLite found a broken page; the next start sets the database aside.\n")


def is_marked(path: Path) -> bool:
    """Whether the database was found to be damaged while it was written or read."""
    return path.with_name(path.name + _MARK).exists()


def unmark(path: Path) -> None:
    """Take the note away."""
    with told(path.parent):
        path.with_name(path.name + _MARK).unlink(missing_ok=True)


def _made(folder: Path, name: str) -> Path:
    """A new folder of that name; with a number where several are made in one second."""
    for number in range(1, 1000):
        aside = folder / (name if number == 1 else f"{name}-{number}")
        try:
            aside.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return aside
    raise FileExistsError(17, "too many set aside in one second", str(folder / name))
