"""Looks at faces and who they are like, made up: faces are points on axes, so that every distance is known."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

import numpy as np
from walks import at

from smartlogd.base.known import SubjectId, TrackId
from smartlogd.base.who import DIMENSIONS, Embedding, Likeness, View, Who
from smartlogd.movement.vote import VoteRules

RULES = VoteRules()
NEAR, FAR = 0.2, 1.0
"""Distances that no threshold is near to: surely the same face, surely another."""
_FACES = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


def person(name: str) -> Who:
    """Someone who is enrolled."""
    return Who(uuid5(_FACES, f"person {name}"), is_known=True)


def stranger(name: str) -> Who:
    """Someone who was here before."""
    return Who(subject(name), is_known=False)


def subject(name: str) -> SubjectId:
    """The uuid under which someone was seen."""
    return SubjectId(uuid5(_FACES, f"subject {name}"))


def face(number: int, aside: float = 0.0) -> Embedding:
    """A face that is 1.0 from every other `number`, and moved `aside` of its own."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = np.sqrt(0.5)
    vector[DIMENSIONS - 1] = aside
    return vector


def between(one: int, other: int, distance: float) -> Embedding:
    """A face on the way from one to another, `distance` from the first; the two are 1.0 apart."""
    return np.asarray(face(one) + (face(other) - face(one)) * distance, np.float32)


def look(
    t: float = 1.0,
    *near: tuple[Who, float],
    of: int = 0,
    vector: Embedding | None = None,
    stretch: int = 1,
    quality: float = 1.0,
    track: int = 1,
    crop: bytes | None = None,
) -> View:
    """A look at face `of` at second `t`, with the beings it is like, given with their distances."""
    likenesses = tuple(Likeness(who, distance) for who, distance in sorted(near, key=lambda each: each[1]))
    shown = face(of) if vector is None else vector
    return View(TrackId(track), stretch, at(t), "made", shown, quality, likenesses, crop)


def ids(beings: Iterable[Who]) -> frozenset[UUID]:
    return frozenset(who.id for who in beings)
