"""Events that the machinery itself has to tell, written in the transaction of what they tell of. Plain SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from smartlogd.base.ids import uuid7
from smartlogd.base.known import Event, EventId, Json
from smartlogd.base.time import Stamp
from smartlogd.store.rows import EVENT_COLUMNS, Origin, rows_of

_PERSON = EVENT_COLUMNS.index("person")  # of such an event there is none, and the null is one in either column
_COLUMNS = (*EVENT_COLUMNS[:_PERSON], "subject_user_id", *EVENT_COLUMNS[_PERSON + 1 :])
_INSERT = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - ours


def remark(
    connection: sqlite3.Connection, origin: Origin, type_: str, stamp: Stamp, data: Mapping[str, Json]
) -> EventId:
    """Write an event of this type that happened to nobody, in the caller's transaction; gives its id."""
    event = Event(EventId(uuid7(stamp)), origin.device, type_, stamp, data=data)
    connection.execute(_INSERT, rows_of(event, origin).event)
    return event.id
