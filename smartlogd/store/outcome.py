"""What a change of people and strangers works with, and what comes of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros

if TYPE_CHECKING:
    from smartlogd.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Work:
    """An open transaction, the keys, the state folder, and the instant of the change.

    `boot` is the start of the daemon that makes it, None where none runs.
    """

    connection: sqlite3.Connection
    keys: Keys
    folder: Path
    at: Stamp
    boot: str | None = None

    @property
    def at_us(self) -> int:
        """The instant as the tables keep it."""
        return micros(self.at.utc)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell whoever asked, as plain JSON values, and what is left to do once the transaction is committed.

    `gallery_changed` says that faces have another owner, came or went. `stale_keys` are of owners who have nothing
    left that they would open.
    """

    told: Mapping[str, object]
    gallery_changed: bool = False
    stale_keys: tuple[UUID, ...] = ()
