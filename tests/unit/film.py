"""Recordings in the state folder that the command line is told of."""

from __future__ import annotations

from pathlib import Path

from reels import shelved, wanted
from village import NOON, Village

from smartlogd.base.known import Medium, Recording
from smartlogd.store.engine import transaction
from smartlogd.store.rows import Origin


class Film:
    """A village where something was recorded."""

    def __init__(self, folder: Path) -> None:
        self.village = Village(folder)
        self.folder = folder

    def shelve(
        self, minute: int, *, medium: Medium = Medium.CLIP, phase: str = "kept", note: str | None = None
    ) -> Recording:
        """One more, so many minutes after noon."""
        one = wanted(NOON.shifted(60 * minute), medium=medium, labels=("by hand", "door"), note=note)
        with transaction(self.village.path) as connection:
            ((device, owner),) = connection.execute("SELECT id, user_id FROM devices").fetchall()
            shelved(connection, Origin("yard", device, owner, ""), self.folder, one, phase=phase, size=1_500_000)
        return one
