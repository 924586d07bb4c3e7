from __future__ import annotations

import json
import sqlite3
from uuid import UUID, uuid4

from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.birth import arrive
from smartlogd.store.remark import remark


def test_what_the_machinery_tells_is_an_event_like_any_other(database: sqlite3.Connection, at: Stamp) -> None:
    origin = arrive(database, device="door", version="0", boot=uuid4(), start=at)
    id_ = remark(database, origin, "loss", at, {"what": "pictures", "count": 3})
    assert UUID(str(id_)).version == 7
    database.row_factory = sqlite3.Row
    row = database.execute("SELECT * FROM events").fetchone()
    assert (row["event_id"], row["type"], row["ts"]) == (str(id_), "loss", micros(at.utc))
    assert json.loads(row["data"]) == {"what": "pictures", "count": 3}
    assert (row["user_id"], row["device_id"], row["boot_id"]) == (origin.owner_id, origin.device_id, origin.boot_id)
    assert (row["mono_us"], row["clock_trusted"]) == (at.mono_ns // 1000, 1)
    assert row["subject_uuid"] is row["subject_user_id"] is row["ended_at"] is None
