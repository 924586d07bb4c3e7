"""The steps of a routine as a machine: what becomes of each, and of all of them together. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from smartlogd.base.known import Json

WAIT, TREAT = "wait", "treat"
SEEN: Mapping[str, str] = {"sit_drill": "sit", "fetch": "fetch_return"}
"""A step that asks for this is done as soon as the camera sees the event, whoever acknowledges what."""
LONGEST_DETAIL = 200


class Standing(enum.Enum):
    """Where a step stands."""

    PENDING = "pending"
    """Its turn has not come."""
    ASKED = "asked"
    """An actuator was asked for it, or it is being waited."""
    DONE = "done"
    FAILED = "failed"
    """The actuator says that it did not succeed."""
    TIMEOUT = "timeout"
    """Nobody said anything in time."""
    AWAY = "away"
    """Nobody could be asked: there is no broker, or it is not reached."""


class Move(enum.Enum):
    """What moves a step on."""

    ASK = "ask"
    DONE = "done"
    FAILED = "failed"
    TIMEOUT = "timeout"
    AWAY = "away"


_END: Mapping[Move, Standing] = {}
STANDING: Mapping[Standing, Mapping[Move, Standing]] = {
    Standing.PENDING: {Move.ASK: Standing.ASKED},
    Standing.ASKED: {
        Move.DONE: Standing.DONE,
        Move.FAILED: Standing.FAILED,
        Move.TIMEOUT: Standing.TIMEOUT,
        Move.AWAY: Standing.AWAY,
    },
    Standing.DONE: _END,
    Standing.FAILED: _END,
    Standing.TIMEOUT: _END,
    Standing.AWAY: _END,
}

Result: TypeAlias = Literal["done", "partly", "failed"]


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step of a run: `took_s` from its beginning to its end, `by` who said so: actuator, camera or clock."""

    type: str
    standing: Standing = Standing.PENDING
    took_s: float = 0.0
    by: str = ""
    detail: str = ""

    def moved(self, move: Move, *, took_s: float = 0.0, by: str = "", detail: str = "") -> StepRun:
        """The step after a move; KeyError for one that cannot be made from where it stands.

        >>> StepRun("treat").moved(Move.ASK).moved(Move.TIMEOUT, took_s=30.0, by="clock").told()
        {'type': 'treat', 'result': 'timeout', 'took_s': 30.0, 'by': 'clock'}
        """
        standing = STANDING[self.standing][move]
        return replace(self, standing=standing, took_s=round(took_s, 3), by=by, detail=detail[:LONGEST_DETAIL])

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return not STANDING[self.standing]

    def told(self) -> dict[str, Json]:
        """The step as the event of the run's end has it."""
        told: dict[str, Json] = {"type": self.type, "result": self.standing.value, "took_s": self.took_s, "by": self.by}
        return {**told, "detail": self.detail} if self.detail else told


def answered(said: Mapping[str, Json]) -> Move:
    """What an actuator's answer makes of the step; whatever is none of the words it may say is a failure.

    >>> answered({"result": "done"}), answered({"result": "eaten"})
    (<Move.DONE: 'done'>, <Move.FAILED: 'failed'>)
    """
    word = said.get("result")
    known = {move.value: move for move in STANDING[Standing.ASKED]}
    return known.get(word, Move.FAILED) if isinstance(word, str) else Move.FAILED


def whole(steps: Sequence[StepRun]) -> Result:
    """How a run went: done where every step was, failed where none was that anybody else was asked for, else partly.

    >>> pet, wait = StepRun("pet", Standing.AWAY), StepRun("wait", Standing.DONE)
    >>> whole([pet, wait]), whole([wait]), whole([pet, wait, StepRun("treat", Standing.DONE)])
    ('failed', 'done', 'partly')
    """
    if all(step.standing is Standing.DONE for step in steps):
        return "done"
    asked = [step for step in steps if step.type != WAIT]
    return "partly" if any(step.standing is Standing.DONE for step in asked) else "failed"


def treats(params: Mapping[str, Json]) -> int:
    """How many treats a step gives."""
    count = params.get("count", 1)
    return count if isinstance(count, int) else 1
