"""Copies of the log that the device makes by itself: the newest few stay, beside the log.

They help where the log is spoilt or somebody errs, and not where the card dies: for that there is a centre, or a copy
elsewhere. Whoever is forgotten is in none of them: all are let go with the person, and the next one knows nobody of
that name.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.files import sync_folder
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.recognise import read_only
from smartlogd.store.trouble import told

if TYPE_CHECKING:
    from smartlogd.store.backup import Backup

FOLDER = "backups"
_NAME = re.compile(r"smartlog-[0-9]{8}T[0-9]{6}Z\.db")
_MIB = 1024 * 1024
_TRIES = 3
_BURIED = "SELECT count(*) FROM tombstones"

log = logging.getLogger("smartlogd.store")


def copied(folder: Path, at: dt.datetime, *, keep: int, keep_free_mib: int) -> Backup:
    """Make a checked copy of the log in `folder`, and let the oldest go; to be called off the loop.

    DiskTrouble where there would be less room left than is to be kept free, and as of `backup.back_up`.
    """
    from smartlogd.store.backup import back_up

    place = folder / FOLDER
    with told(folder):
        place.mkdir(mode=0o700, exist_ok=True)
        needed, free = (folder / DATABASE).stat().st_size + keep_free_mib * _MIB, shutil.disk_usage(folder).free
    if free < needed:
        what = f"There is no room for a copy of the log: {free // _MIB} MiB are free, {needed // _MIB} are needed."
        raise DiskTrouble(what, "Free some, or set store.backup_keep or store.keep_free_mib lower.")
    file = place / f"smartlog-{at:%Y%m%dT%H%M%SZ}.db"
    for _ in range(_TRIES):
        made = back_up(folder, file)
        if file.exists() and _buried(file) == _buried(folder / DATABASE):
            _let_go(backups(folder)[:-keep])
            log.info("log copied", extra={"file": file.name, "bytes": made.size, "events": made.events})
            return made
        _let_go([file])  # somebody was forgotten meanwhile, and may be in it
    raise DiskTrouble("No copy of the log was made: people were forgotten all the while.", "It is made the next time.")


def backups(folder: Path) -> list[Path]:
    """The copies that the device made of the log in `folder`, the oldest first."""
    place = folder / FOLDER
    with told(folder):
        return sorted(path for path in place.glob("*.db") if _NAME.fullmatch(path.name))


def forgotten(folder: Path) -> int:
    """Let all of them go, for somebody is forgotten who may be in them; how many there were."""
    found = backups(folder)
    _let_go(found)
    return len(found)


def _let_go(files: list[Path]) -> None:
    for file in files:
        with told(file.parent):
            file.unlink(missing_ok=True)
    if files:
        sync_folder(files[0].parent)


def _buried(path: Path) -> int:
    with read_only(path) as connection:
        return int(connection.execute(_BURIED).fetchone()[0])
