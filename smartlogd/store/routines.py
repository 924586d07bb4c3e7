"""Routines as people ask for them: added, enabled, disabled, removed. Plain SQL; what is asked has its bounds.

What came from the centre is the centre's: it is changed there.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, JsonValue, model_validator

from smartlogd.base.cron import LONGEST, cron
from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.ids import uuid7
from smartlogd.store.begin import note, noted
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.requests import Name, Request, Whom, is_uuid

ORDERED = "routines_ordered"
"""The key in `meta`: a list of the uids of those that came from the centre."""
MOST_STEPS = 100
LONGEST_STEP_S = 3600.0
LONGEST_RUN_S = 6 * 3600.0
MOST_TREATS = 10
_LARGEST_PARAMS = 1000

# A device that was renamed has a row for each name; the one it is called by now is meant.
_DEVICE = "SELECT id, user_id FROM devices WHERE name = ?"
_MINE = "(r.device_id = :device OR (r.device_id IS NULL AND r.user_id = :owner))"
_NAMED = f"SELECT r.uid, r.name, r.enabled FROM routines AS r WHERE {_MINE} AND (r.name = :name OR r.uid = :name)"  # noqa: S608 - constants of ours
_ADD = """
INSERT INTO routines (uid, user_id, name, cron, timezone, steps, enabled, created_at, updated_at)
VALUES (:uid, :owner, :name, :cron, :timezone, :steps, :enabled, :at, :at)
"""
_SET = (
    "UPDATE routines SET enabled = :enabled, updated_at = max(:at, updated_at + 1), next_run_at = NULL WHERE uid = :uid"
)
_REMOVE = "DELETE FROM routines WHERE uid = ?"


def plain_cron(text: str) -> str:
    """The five fields with single spaces; ValueError, with the reason and an example, for what is none.

    >>> plain_cron("0  8 * * 1-5")
    '0 8 * * 1-5'
    """
    return cron(text).text


def known_zone(name: str) -> str:
    """The name again, also an empty one, which means the device's own zone; ValueError where none is called so."""
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"no time zone is called {name[:64]!r}, as for example Europe/Rome is") from error
    return name


def _small(params: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        text = json.dumps(params, allow_nan=False)
    except ValueError as error:
        raise ValueError("a number in it is none") from error
    if len(text) > _LARGEST_PARAMS:
        raise ValueError(f"it has more than {_LARGEST_PARAMS} characters")
    return params


class Step(Request):
    """One thing that is done in a routine."""

    type: Literal["pet", "treat", "play", "sit_drill", "fetch", "wait"]
    duration_s: float = Field(0.0, ge=0, le=LONGEST_STEP_S, allow_inf_nan=False, description="How long it takes.")
    params: Annotated[dict[str, JsonValue], Field(max_length=16), AfterValidator(_small)] = Field(
        default_factory=dict, description='Whatever the actuator understands; treats take {"count": 1 to 10}.'
    )

    @model_validator(mode="after")
    def _can_be_meant(self) -> Step:
        if self.type == "wait" and not self.duration_s:
            raise ValueError("a wait needs the seconds to be waited, as in wait:30")
        count = self.params.get("count", 1)
        if self.type == "treat" and (type(count) is not int or not 1 <= count <= MOST_TREATS):
            raise ValueError(f"there are 1 to {MOST_TREATS} treats at a time")
        return self


def _not_too_long(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if sum(step.duration_s for step in steps) > LONGEST_RUN_S:
        raise ValueError(f"all steps together take more than {LONGEST_RUN_S / 3600:.0f} hours")
    return steps


Steps: TypeAlias = Annotated[
    tuple[Step, ...], Field(min_length=1, max_length=MOST_STEPS), AfterValidator(_not_too_long)
]
Device: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$", description="What this device is called.")]


class Add(Request):
    """Let a routine begin by itself at certain times."""

    device: Device
    name: Name
    cron: Annotated[str, Field(max_length=LONGEST), AfterValidator(plain_cron)]
    timezone: Annotated[str, Field(max_length=64), AfterValidator(known_zone)] = ""
    steps: Steps
    enabled: bool = True


class Which(Request):
    """Something asked of one routine."""

    device: Device
    name: Whom = Field(description="Its name, or its uid.")


def add(asked: Add, work: Work) -> Outcome:
    """Keep a new routine of the owner's; UnusableInput where this device has one that is called so already.

    It is of no one device, for this database holds one: should that be called otherwise one day, it has it still.
    """
    connection = work.connection
    device, owner = _device(connection, asked.device)
    if _found(connection, device, owner, asked.name):
        what = f"There is a routine called {asked.name} already."
        raise UnusableInput(what, f"Name it otherwise, or first: smartlogd routine remove {json.dumps(asked.name)}")
    row = {
        "uid": str(uuid7(work.at)), "owner": owner, "name": asked.name, "cron": asked.cron, "timezone": asked.timezone,
        "steps": json.dumps([one.model_dump() for one in asked.steps]), "enabled": asked.enabled, "at": work.at_us,
    }  # fmt: skip
    connection.execute(_ADD, row)
    return Outcome({"uid": row["uid"], "name": asked.name, "changed": True})


def enable(asked: Which, work: Work) -> Outcome:
    """Let it begin by itself again; what came in between is not made up for."""
    return _set(asked, work, is_enabled=True)


def disable(asked: Which, work: Work) -> Outcome:
    """Let it begin by itself no more; what runs just now goes on."""
    return _set(asked, work, is_enabled=False)


def remove(asked: Which, work: Work) -> Outcome:
    """Keep it no longer; what it did stays in the log."""
    uid, name, _ = _ours(asked, work.connection)
    work.connection.execute(_REMOVE, (uid,))
    return Outcome({"uid": uid, "name": name, "changed": True})


def ordered(connection: sqlite3.Connection) -> frozenset[str]:
    """Those that came from the centre."""
    uids = noted(connection, ORDERED)
    return frozenset(map(str, uids)) if isinstance(uids, list) else frozenset()


def note_ordered(connection: sqlite3.Connection, uid: str, *, is_here: bool) -> None:
    """Remember that a routine came from the centre, or that the centre took it away; in the caller's transaction."""
    before = ordered(connection)
    after = before | {uid} if is_here else before - {uid}
    if after != before:
        note(connection, ORDERED, sorted(after))


def the_routine(connection: sqlite3.Connection, device: str, name: str) -> tuple[str, str, bool]:
    """Uid, name and whether it is enabled, of the routine of this name or uid.

    Missing where this device has none, UnusableInput where several are called so.
    """
    found = _found(connection, *_device(connection, device), name)
    if not found:
        what = f"There is no routine {name}." if is_uuid(name) else f"There is no routine called {name}."
        raise Missing(what, "`smartlogd routine list` says which there are.")
    if len(found) > 1:
        uids = ", ".join(uid for uid, _, _ in found)
        raise UnusableInput(f"{len(found)} routines are called {name}.", f"Say which by uid: {uids}")
    return found[0]


def _set(asked: Which, work: Work, *, is_enabled: bool) -> Outcome:
    uid, name, was = _ours(asked, work.connection)
    if was != is_enabled:
        work.connection.execute(_SET, {"uid": uid, "enabled": is_enabled, "at": work.at_us})
    return Outcome({"uid": uid, "name": name, "enabled": is_enabled, "changed": was != is_enabled})


def _ours(asked: Which, connection: sqlite3.Connection) -> tuple[str, str, bool]:
    """The routine that is meant; UnusableInput where it is the centre's."""
    found = the_routine(connection, asked.device, asked.name)
    if found[0] in ordered(connection):
        raise UnusableInput(
            f"The routine {found[1]} is the centre's.", "It is changed there, and comes down by itself."
        )
    return found


def _device(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    row = connection.execute(_DEVICE, (name,)).fetchone()
    if row is None:
        raise Missing(f"smartlogd has not run here as {name} yet.", "Start it once: smartlogd run")
    return int(row[0]), int(row[1])


def _found(connection: sqlite3.Connection, device: int, owner: int, name: str) -> list[tuple[str, str, bool]]:
    rows = connection.execute(_NAMED, {"device": device, "owner": owner, "name": name})
    return [(uid, called, bool(enabled)) for uid, called, enabled in rows]
