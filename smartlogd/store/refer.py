"""Rows that are saved into another database point at the same people and devices there as they did at home.

Integer ids belong to one database. In an empty one they stay what they were; in one that is in use, people are known
again by their uid, devices by their name, and an id that someone else has is not taken from them. Whoever is pointed
at and was lost becomes a placeholder without a name: the passing is kept, and says "someone known".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import uuid4

from smartlogd.store.shape import Cell, Shape, tables_of

_KNOWN_BY = {"users": "uid", "devices": "name"}
_COUNTED = frozenset({"events", "smartlog", "clips", "snapshots", "models", "routines"})
"""Tables whose rows are known by more than their id, so that one whose id is taken gets another."""
_OWNED = frozenset({"devices", "events", "clips", "snapshots", "ai_metrics_daily"})
"""Tables whose `user_id` is the device's owner."""
_METRICS = frozenset({"ai_metrics_daily", "device_metrics_daily"})
_OF_ITS_OWN = frozenset({"outbox", "dead_letters", "meta"})
"""What a database in use has of its own: what is saved into it waits by the triggers in the file itself."""
_USER = """
INSERT INTO users (id, uid, role, created_at, updated_at)
VALUES ((SELECT :id WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = :id)), :uid, :role, :at, :at) RETURNING id
"""
_DEVICE = """
INSERT INTO devices (id, user_id, name, type, status, capabilities, enabled, epoch, high_seq)
VALUES ((SELECT :id WHERE NOT EXISTS (SELECT 1 FROM devices WHERE id = :id)), :owner, :name, 'camera', 'offline', '[]',
    1, :uid, 0) RETURNING id
"""
_OWNER = "SELECT id FROM users WHERE role = 'owner' AND forgotten_at IS NULL ORDER BY id LIMIT 1"
_LOST_SUBJECTS = """
SELECT subject FROM face_templates WHERE subject NOT IN (SELECT uuid FROM subjects)
UNION SELECT merged_into FROM subjects WHERE merged_into NOT IN (SELECT uuid FROM subjects)
"""
_LOST_PEOPLE = "SELECT DISTINCT user FROM face_templates WHERE user NOT IN (SELECT uid FROM users)"


class References:
    """What the ids of a damaged database are in the one its rows are saved into."""

    def __init__(self, target: sqlite3.Connection, *, device: str | None, at_us: int) -> None:
        self._target = target
        self._device = device
        self._at_us = at_us
        self._new: dict[str, dict[int, int]] = {"users": {}, "devices": {}}
        self._pointing: dict[str, dict[int, str]] = {}
        self._placeholders = 0
        self._was_empty = not target.execute("SELECT EXISTS (SELECT 1 FROM users)").fetchone()[0]

    def insert(self, shape: Shape, rows: Sequence[tuple[Cell, ...]]) -> int:
        """Put rows of one table in, in the caller's transaction; how many were new."""
        if not self._was_empty and shape.table in _OF_ITS_OWN:
            return 0
        before = self._target.total_changes
        translated = [self._translated(shape, row) for row in rows]
        if shape.table in _KNOWN_BY:
            self._meet(shape, rows, translated)
        else:
            self._target.executemany(_insert(shape), translated)
        return self._target.total_changes - before

    def completed(self) -> int:
        """Make what faces and mergers point at and is lost, in the caller's transaction; how many placeholders in all.

        A key of faces may be there still, so that faces whose owner's row is lost can be opened.
        """
        if "face_templates" not in tables_of(self._target):
            return self._placeholders  # tables from before there were faces
        for (uuid,) in self._target.execute(_LOST_SUBJECTS).fetchall():
            self._placeholders += 1
            self._target.execute(
                "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, 1, 0, ?, ?)",
                (uuid, self._at_us, self._at_us),
            )
        for (uid,) in self._target.execute(_LOST_PEOPLE).fetchall():
            self._placeholders += 1
            self._target.execute(
                "INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'member', 0, 0)", (uid,)
            )
        return self._placeholders

    def _translated(self, shape: Shape, row: tuple[Cell, ...]) -> tuple[Cell, ...]:
        """The row with the ids of this database."""
        pointing = self._pointing.get(shape.table)
        if pointing is None:
            pointing = self._pointing[shape.table] = self._points(shape)
        if not pointing:
            return row
        changed = list(row)
        for place, parent in pointing.items():
            if isinstance(old := row[place], int):
                new = self._new[parent].get(old)
                owns = shape.table in _OWNED and shape.columns[place].name == "user_id"
                changed[place] = self._missing(parent, old, owns=owns) if new is None else new
        return tuple(changed)

    def _points(self, shape: Shape) -> dict[int, str]:
        """Which columns of a table hold ids of people or devices."""
        keys = self._target.execute(f'PRAGMA foreign_key_list("{shape.table}")').fetchall()
        parents = {str(key[3]): str(key[2]) for key in keys if key[2] in _KNOWN_BY and key[4] == "id"}
        names = [column.name for column in shape.columns]
        # The owner first: a device that is lost needs one.
        return {names.index(column): parents[column] for column in sorted(parents, key=lambda one: one != "user_id")}

    def _meet(self, shape: Shape, rows: Sequence[tuple[Cell, ...]], translated: Sequence[tuple[Cell, ...]]) -> None:
        """People and devices: whoever is here already is the same one."""
        names = [column.name for column in shape.columns]
        by, place = _KNOWN_BY[shape.table], names.index(_KNOWN_BY[shape.table])
        for row, new in zip(rows, translated, strict=True):
            self._target.execute(_insert(shape), new)
            found = self._target.execute(f"SELECT id FROM {shape.table} WHERE {by} = ?", (row[place],)).fetchone()  # noqa: S608 - our own tables
            if found is not None and isinstance(row[0], int):
                self._new[shape.table][row[0]] = found[0]

    def _missing(self, parent: str, old: int, *, owns: bool) -> int:
        """The id of what stands in for a person or device that is lost."""
        if parent == "devices":
            new = self._stand_in_device(old)
        else:
            is_owner = owns and self._target.execute(_OWNER).fetchone() is None
            new = self._person(old, "owner" if is_owner else "member")
        self._new[parent][old] = new
        return new

    def _person(self, old: int, role: str) -> int:
        self._placeholders += 1
        person = {"id": old, "uid": str(uuid4()), "role": role, "at": self._at_us}
        return int(self._target.execute(_USER, person).fetchone()[0])

    def _stand_in_device(self, old: int) -> int:
        """The device itself, where its own row is the one that is lost; else one called by the lost number."""
        known = self._target.execute("SELECT id FROM devices WHERE name = ?", (self._device,)).fetchone()
        if known is not None:
            return int(known[0])
        self._placeholders += 1
        owner = self._target.execute(_OWNER).fetchone()
        values = {
            "id": old, "owner": owner[0] if owner else self._person(1, "owner"), "name": self._device or f"lost {old}",
            "uid": str(uuid4()),
        }  # fmt: skip
        return int(self._target.execute(_DEVICE, values).fetchone()[0])


def _insert(shape: Shape) -> str:
    """The statement that puts a row in, unless it is there."""
    names = ", ".join(f'"{column.name}"' for column in shape.columns)
    values = [f"?{number + 1}" for number in range(len(shape.columns))]
    table = shape.table
    if table in _COUNTED or table in _METRICS or table in _KNOWN_BY:
        at = next(number for number, column in enumerate(shape.columns) if column.is_rowid)
        taken = f"SELECT 1 FROM {table} WHERE id = ?{at + 1}"  # noqa: S608 - our own tables
        known = [number for number, column in enumerate(shape.columns) if column.name == "event_id"]
        extra = f" AND ?{known[0] + 1} IS NOT NULL" if known else ""
        values[at] = f"iif(EXISTS ({taken}){extra}, NULL, ?{at + 1})"
    return f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({", ".join(values)})'  # noqa: S608 - our own tables
