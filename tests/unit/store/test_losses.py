from __future__ import annotations

import json
import sqlite3
from uuid import uuid4

from smartlogd.base.time import Stamp
from smartlogd.store.birth import arrive
from smartlogd.store.losses import is_due, note_loss, tell_losses


def test_losses_are_told_once_with_their_number_and_their_span(database: sqlite3.Connection, at: Stamp) -> None:
    origin = arrive(database, device="door", version="0", boot=uuid4(), start=at)
    assert not is_due(database)
    assert tell_losses(database, origin, at) == 0
    for size, second in ((100, 5), (50, 3), (0, 9)):
        note_loss(database, "pictures", size, second * 1_000_000)
    note_loss(database, "clips", 7, 0)
    assert is_due(database)
    assert tell_losses(database, origin, at) == 2
    told = [json.loads(data) for (data,) in database.execute("SELECT data FROM events WHERE type = 'loss' ORDER BY id")]
    assert told == [
        {
            "what": "clips", "count": 1, "bytes": 7,
            "from": "1970-01-01T00:00:00+00:00", "to": "1970-01-01T00:00:00+00:00",
        },
        {
            "what": "pictures", "count": 3, "bytes": 150,
            "from": "1970-01-01T00:00:03+00:00", "to": "1970-01-01T00:00:09+00:00",
        },
    ]  # fmt: skip
    assert not is_due(database)


def test_a_loss_that_was_undone_with_its_transaction_is_none(database: sqlite3.Connection) -> None:
    database.execute("BEGIN")
    note_loss(database, "pictures", 1, 0)
    database.execute("ROLLBACK")
    assert not is_due(database)
