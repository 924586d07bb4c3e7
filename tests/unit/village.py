"""A state folder with people and strangers in it: rows, sealed faces, pictures and keys, as a daemon leaves them."""

from __future__ import annotations

import base64
import datetime as dt
import json
import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from smartlogd.base.ids import uuid7
from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition, Template, Who
from smartlogd.schema.instants import micros
from smartlogd.store.alone import changed_alone
from smartlogd.store.birth import arrive
from smartlogd.store.changes import understood
from smartlogd.store.engine import bring_up, make_folder, transaction
from smartlogd.store.follow import follow
from smartlogd.store.keys import Keys
from smartlogd.store.learn import learn

NOON = Stamp(5_000_000_000, dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC), trusted=True)
MODEL = "face_embedder 1"
_PASS = """
INSERT INTO smartlog (uuid, action, timestamp, event_id, device_id, line, confidence, track_id)
VALUES (?, 'I', ?, ?, 1, 'door', 0.9, ?)
"""
_HAPPEN = """
INSERT INTO events (user_id, type, ts, data, event_id, device_id, subject_uuid) VALUES (1, 'crossing', ?, ?, ?, 1, ?)
"""


class DayAfter:
    """A clock that stands at the noon after, whatever this machine's clock says."""

    def now(self) -> Stamp:
        return NOON.shifted(86_400)


class Village:
    """One state folder and everybody in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "smartlog.db"
        self.keys = Keys.open(folder)
        self._random = random.Random(7)
        make_folder(folder)
        bring_up(self.path)
        with transaction(self.path) as connection:
            arrive(connection, device="yard", version="0", boot=UUID(int=9), start=NOON)

    def vector(self) -> Any:
        """A face that nobody else has."""
        numbers = np.array([self._random.gauss(0, 1) for _ in range(128)], np.float32)
        return numbers / np.linalg.norm(numbers)

    def enrolled(self, name: str, faces: int = 2, **more: object) -> str:
        """Someone known by so many photographs; the uid."""
        templates = [
            {"vector": base64.b64encode(self.vector().astype("<f4").tobytes()).decode(), "quality": 0.9}
            for _ in range(faces)
        ]
        return str(self.change("enrol", name=name, consent=True, model=MODEL, templates=templates, **more)["uid"])

    def stranger(self, minute: int = 0, *, passings: int = 2, faces: int = 1, into: str | None = None) -> str:
        """Someone seen for the first time, who showed a face and passed the door so often; the uuid."""
        at = NOON.shifted(60 * minute)
        uuid = SubjectId(uuid7(at))
        who = Who(uuid, is_known=False)
        templates = tuple(Template(uuid4(), who, MODEL, self.vector(), 0.8) for _ in range(faces))
        crop = b"\xff\xd8" + self._random.randbytes(900) if faces else None
        merged = None if into is None else SubjectId(UUID(into))
        with transaction(self.path) as connection:
            for n in range(passings):
                self._pass(connection, str(uuid), at.shifted(n), track=minute)
            learn(
                connection,
                self.keys,
                self.folder / "faces",
                Recognition(uuid, at, merged_into=merged, templates=templates, crop=crop),
            )
        return str(uuid)

    def _pass(self, connection: sqlite3.Connection, uuid: str, at: Stamp, track: int) -> None:
        event_id, at_us = str(uuid4()), micros(at.utc)
        data = json.dumps({"line": "door", "action": "I", "track": track, "confidence": 0.9})
        connection.execute(_HAPPEN, (at_us, data, event_id, uuid))
        connection.execute(_PASS, (uuid, at_us, event_id, track))

    def recognised(self, uid: str, minute: int = 0, *, passings: int = 1) -> str:
        """Someone known comes by; the uuid of the subject."""
        uuid = self.stranger(minute, passings=passings, faces=0)
        at = NOON.shifted(60 * minute)
        with transaction(self.path) as connection:
            learn(
                connection,
                self.keys,
                self.folder / "faces",
                Recognition(SubjectId(UUID(uuid)), at, person=PersonId(UUID(uid))),
            )
            follow(connection, [UUID(uuid)])
            person = "(SELECT id FROM users WHERE uid = ?)"
            connection.execute(f"UPDATE events SET subject_user_id = {person} WHERE subject_uuid = ?", (uid, uuid))
        return uuid

    def change(self, what: str, **arguments: object) -> Mapping[str, Any]:
        """Make a change as the command line does without a daemon; what it told."""
        return changed_alone(self.folder, understood(what, arguments), DayAfter())

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql, values).fetchall()

    def dump(self) -> object:
        """All that the log says of strangers and passings; not how often that changed, for undoing counts too."""
        columns = "uuid, user_id, has_face, ignored, merged_into, first_seen, last_seen, best_crop"
        return (
            self.ask("SELECT * FROM smartlog ORDER BY id"),
            self.ask(f"SELECT {columns} FROM subjects ORDER BY uuid"),
        )

    def people_of_passings(self) -> list[str | None]:
        """Whose each passing is, by name."""
        return [
            name
            for (name,) in self.ask(
                "SELECT name FROM smartlog LEFT JOIN users u ON u.id = user_id ORDER BY smartlog.id"
            )
        ]

    def bytes(self) -> bytes:
        """Every file of the state folder, one after the other."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())
