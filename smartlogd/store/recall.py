"""How soon remembered faces are read, a number for `smartlogd bench`."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path

from smartlogd.base.time import monotonic_s
from smartlogd.base.who import Template, Who
from smartlogd.store.engine import bring_up, transaction
from smartlogd.store.keys import Keys
from smartlogd.store.pragmas import DATABASE
from smartlogd.store.templates import keep, load

_KNOWN = "INSERT INTO users (uid, name, role, created_at, updated_at, consent_at) VALUES (?, ?, 'member', 0, 0, 0)"
_STRANGER = """
INSERT INTO subjects (uuid, user_id, merged_into, has_face, ignored, first_seen, last_seen)
VALUES (?, NULL, NULL, 1, 0, 0, 0)
"""


def recall(folder: Path, templates: Sequence[Template], rounds: int) -> tuple[float, ...]:
    """Keep the templates in a database made and removed in `folder`, and read them again and again: seconds of each.

    Each being has its own key, as ever. The file cache is warm, as it is for a daemon that starts again.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="smartlogd-bench-") as place:
        _kept(Path(place), templates)
        return tuple(_read_s(Path(place), len(templates)) for _ in range(rounds))


def _kept(folder: Path, templates: Sequence[Template]) -> None:
    bring_up(folder / DATABASE)
    keys = Keys.open(folder)
    with transaction(folder / DATABASE) as connection:
        for who in {template.who for template in templates}:
            _born(connection, who)
        for template in templates:
            being = {"user" if template.who.is_known else "subject": template.who.id}
            keep(connection, keys, template, source="camera", at_us=0, **being)


def _born(connection: sqlite3.Connection, who: Who) -> None:
    if who.is_known:
        connection.execute(_KNOWN, (str(who.id), "Someone"))
    else:
        connection.execute(_STRANGER, (str(who.id),))


def _read_s(folder: Path, wanted: int) -> float:
    """Seconds of reading them all, keys included."""
    began_s = monotonic_s()
    read = load(folder, Keys.open(folder))
    took_s = monotonic_s() - began_s
    assert len(read) == wanted
    return took_s
