"""All that happened, as people ask for it: passings, postures, sounds, and how long each lasted."""

from __future__ import annotations

from pathlib import Path

from smartlogd.base.health import Told
from smartlogd.store import outward
from smartlogd.store.recognise import asking


def happened(folder: Path, *, limit: int = 100, after: int | None = None) -> tuple[Told, ...]:
    """The newest `limit` events, in the order in which they were written.

    With `after` (0 for the beginning) the next `limit` after that number: who follows asks with the last it got.
    Missing (with a hint) where there is no log of this version yet; DiskTrouble where it cannot be read.
    """
    with asking(folder, is_of_faces=True) as connection:
        if after is not None:
            return outward.after(connection, after, limit)
        return tuple(reversed(outward.newest(connection, limit)))
