"""A central database in miniature: the rules of merging in a few dictionaries, with a feed like the real one's."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from smartlogd.base.wire import Page, Verdicts

Row = dict[str, Any]


class ModelCentre:
    """Takes items, merges them as the centre does, and tells what changed, in the order in which it last did."""

    def __init__(self) -> None:
        self.uuid = str(uuid4())
        self.rows: dict[tuple[str, str], Row] = {}
        self.keys: dict[str, str] = {}
        self.events: dict[str, Row] = {}
        self._feed: dict[tuple[str, str], int] = {}
        self._seq = 0

    def ingest(self, body: str) -> Verdicts:
        ok: list[int] = []
        duplicate: list[int] = []
        for item in json.loads(body):
            seq, kind = item.pop("seq"), item.pop("kind")
            assert item.pop("v") == 1
            (ok if getattr(self, kind)(item) else duplicate).append(seq)
        return Verdicts(ok=tuple(ok), duplicate=tuple(duplicate))

    def pull(self, cursor: int, most: int) -> Page:
        due = sorted((seq, key) for key, seq in self._feed.items() if seq > cursor)
        rows = tuple(self._told(*key) for _, key in due[:most])
        end = due[:most][-1][0] if due else cursor
        return Page(self.uuid, end, rows, is_last=len(due) <= most, device={})

    def say(self, kind: str, key: str, row: Row) -> None:
        """Let a row be so, and every device hear of it."""
        self._seq += 1
        self.rows[kind, key], self._feed[kind, key] = row, self._seq

    def _told(self, kind: str, key: str) -> Mapping[str, Any]:
        row = {"kind": kind, "v": 1, **self.rows[kind, key]}
        if kind == "template" and not row.get("gone"):
            row["key"] = self.keys[row["subject"] or row["user"]]
        return json.loads(json.dumps(row))  # type: ignore[no-any-return]

    def _stone(self, uid: str | None) -> Row | None:
        return self.rows.get(("tombstone", uid)) if uid else None

    def _by_now(self, uid: str | None) -> str | None:
        while (stone := self._stone(uid)) is not None:
            uid = stone["heir"]
        return uid

    def event(self, item: Row) -> bool:
        is_new = item["id"] not in self.events
        self.events.setdefault(item["id"], item)
        return is_new

    def passing(self, item: Row) -> bool:
        return self.event(item)

    def user(self, item: Row) -> bool:
        here = self.rows.get(("user", item["uid"]))
        if self._stone(item["uid"]) or (here is not None and here["updated"] >= item["updated"]):
            return False
        if any(
            row["email"] == item["email"] and row["uid"] != item["uid"]
            for (kind, _), row in self.rows.items()
            if kind == "user" and item["email"]
        ):
            item = {**item, "email": None}
        self.say("user", item["uid"], {**item, "forgotten": None})
        return True

    def subject(self, item: Row) -> bool:
        if self._stone(item["uuid"]):
            return False
        into = None if self._stone(item["merged_into"]) else item["merged_into"]
        item = {**item, "user": self._by_now(item["user"]), "merged_into": into}
        here = self.rows.get(("subject", item["uuid"]))
        if here is not None:
            item = self._one_of(here, item)
        if item == here:
            return False
        self.say("subject", item["uuid"], item)
        return True

    @staticmethod
    def _one_of(here: Row, item: Row) -> Row:
        said = ("user", "ignored", "merged_into")
        wide = {
            "has_face": here["has_face"] or item["has_face"],
            "first": min(here["first"], item["first"]),
            "last": max(here["last"], item["last"]),
        }
        if item["rev"] < here["rev"] or all(item[key] == here[key] for key in said):
            return {**here, **wide, "rev": max(here["rev"], item["rev"])}
        rev = item["rev"] + (item["rev"] == here["rev"])
        return {**item, **wide, "rev": rev}

    def template(self, item: Row) -> bool:
        key = item.pop("key", None)
        if item.get("gone"):
            self.say("template", item["id"], item)
            return True
        owner = item["subject"] or item["user"]
        if (stone := self._stone(owner)) and stone["what"] != "merged":
            return False
        assert base64.b64decode(key)
        if self.rows.get(("template", item["id"])) == item and self.keys[owner] == key:
            return False
        self.keys[owner] = key
        self.say("template", item["id"], item)
        return True

    def tombstone(self, item: Row) -> bool:
        if self._stone(item["uid"]):
            return False
        heir = self._by_now(item["heir"])
        if item["what"] == "merged" and heir is None:
            item = {**item, "what": "person", "heir": None}
        self.say("tombstone", item["uid"], item)
        self.rows.pop(("user", item["uid"]), None), self._feed.pop(("user", item["uid"]), None)
        for (kind, key), row in list(self.rows.items()):
            if kind == "subject" and row["user"] == item["uid"]:
                if item["what"] == "merged":
                    self.say("subject", key, {**row, "user": heir})
                else:
                    self.tombstone({"uid": key, "what": "stranger", "heir": None, "at": item["at"]})
        if item["what"] != "merged":
            self._take_out(item["uid"])
        return True

    def _take_out(self, uid: str) -> None:
        self.keys.pop(uid, None)
        self.rows.pop(("subject", uid), None), self._feed.pop(("subject", uid), None)
        for (kind, key), row in list(self.rows.items()):
            if kind == "template" and not row.get("gone") and uid in {row["subject"], row["user"]}:
                self.say(kind, key, {"id": key, "gone": True})
            if kind == "subject" and row["merged_into"] == uid:
                self.say(kind, key, {**row, "merged_into": None, "rev": row["rev"] + 1})
