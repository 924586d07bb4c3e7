"""Items of the wire as a device would send them, and the calls that carry them, for tests of the centre."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Item = dict[str, Any]
_numbers = count(1)


def us(at: dt.datetime) -> int:
    """Whole microseconds since 1970."""
    return (at - EPOCH) // dt.timedelta(microseconds=1)


def ago(**span: float) -> int:
    """The instant so long ago, as the wire says it."""
    return us(dt.datetime.now(dt.UTC) - dt.timedelta(**span))


def item(kind: str, **fields: Any) -> Item:
    return {"seq": next(_numbers), "kind": kind, "v": 1, **fields}


def event(type_: str = "person_entered", **fields: Any) -> Item:
    usual = {
        "id": str(uuid4()), "type": type_, "ts": ago(seconds=5), "data": {"track": 7, "confidence": 0.9},
        "video_ts_ms": None, "subject": str(uuid4()), "person": None, "ended": None, "boot": str(uuid4()), "mono": 1000,
        "trusted": True, "passing": None,
    }  # fmt: skip
    return item("event", **(usual | fields))


def crossing(action: str = "I", line: str = "door", **fields: Any) -> Item:
    passing = {"line": line, "action": action, "confidence": 0.75, "track": 7, "image": None}
    return event("crossing", **({"passing": passing} | fields))


def user(uid: str | None = None, name: str | None = "Resident", **fields: Any) -> Item:
    at = ago(seconds=60)
    usual = {"email": None, "role": "member", "created": at, "updated": at, "consent": None}
    return item("user", uid=uid or str(uuid4()), name=name, **(usual | fields))


def subject(uuid: str | None = None, **fields: Any) -> Item:
    usual = {
        "user": None, "has_face": False, "ignored": False, "merged_into": None, "first": ago(seconds=9),
        "last": ago(seconds=5), "rev": 0,
    }  # fmt: skip
    return item("subject", uuid=uuid or str(uuid4()), **(usual | fields))


def template(**fields: Any) -> Item:
    usual = {
        "id": str(uuid4()), "subject": None, "user": None, "model": "m", "vector": "c2VhbGVk", "quality": 0.5,
        "source": "photo", "created": ago(seconds=60), "key": "d3JhcHBlZA==",
    }  # fmt: skip
    return item("template", **(usual | fields))


def tombstone(uid: str, what: str = "person", heir: str | None = None) -> Item:
    return item("tombstone", uid=uid, what=what, heir=heir, at=ago(seconds=1))


def ingest(
    connection: psycopg.Connection, items: Iterable[Mapping[str, Any]], epoch: str, *, wire: int = 1
) -> dict[str, Any]:
    """What the centre says of these items; the lists of numbers sorted."""
    about = json.dumps({"version": "0.3.0", "capabilities": ["count"]})
    asked = "SELECT api.ingest(%s, %s, %s, %s)"
    said = connection.execute(asked, (epoch, wire, about, json.dumps(list(items)))).fetchone()
    assert said is not None
    return {name: sorted(value) if isinstance(value, list) else value for name, value in said[0].items()}


def pull(connection: psycopg.Connection, cursor: int = 0, most: int = 1000) -> dict[str, Any]:
    said = connection.execute("SELECT api.pull(%s, 1, %s)", (cursor, most)).fetchone()
    assert said is not None
    return said[0]
