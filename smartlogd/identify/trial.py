"""How well faces are told apart, tried on photographs of people whose names are given (pure).

Each round makes some of the people known, by three photographs each, and asks who is on all other photographs: of the
known people, and of everyone else, who are then strangers. Deciding is not this room's: `decide` is handed in.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from smartlogd.base.known import TrackId
from smartlogd.base.time import Stamp
from smartlogd.base.who import Embedding, Template, View, Who
from smartlogd.identify.gallery import Gallery

ENROLLED = 3
"""By so many photographs someone is known."""
VOTING = 3
"""So many photographs of one person vote together."""
_LEAST_PHOTOS = {1: ENROLLED + 1, VOTING: ENROLLED + VOTING}
_AT = Stamp(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), trusted=False)

Decide = Callable[[Sequence[View]], Who | None]
"""Who was seen in some looks, if anybody can say."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One photograph's face: whose it is, its embedding, and how good the look is (0..1)."""

    person: str
    vector: Embedding
    quality: float


@dataclass(slots=True)
class Rates:
    """What came of all rounds: how many looks at known people and at strangers, and how they were answered."""

    known: int = 0
    identified: int = 0
    wrong: int = 0
    strangers: int = 0
    named: int = 0

    def as_json(self) -> dict[str, float | int | None]:
        """Shares: of looks at known people, those called by their own name (`identified`) and by another's (`wrong`);
        of looks at strangers, those called by anybody's (`strangers_named`). None where there was no such look.
        """
        return {
            "identified": _share(self.identified, self.known),
            "strangers_named": _share(self.named, self.strangers),
            "wrong": _share(self.wrong, self.known),
            "looks_at_known": self.known,
            "looks_at_strangers": self.strangers,
        }


@dataclass(slots=True)
class Outcome:
    """The answers to single photographs, and to three at a time."""

    single: Rates = field(default_factory=Rates)
    voted: Rates = field(default_factory=Rates)


def tried(photos: Sequence[Photo], decide: Decide, rounds: int, seed: int) -> Outcome:
    """`rounds` rounds of asking who is on the photographs, the same for the same `seed`.

    Single photographs are asked about with half of those known who have four or more of them, three at a time with half
    of those who have six or more.
    """
    chance, outcome = random.Random(seed), Outcome()  # noqa: S311 - nothing is kept secret by it
    for _ in range(rounds):
        for together, rates in ((1, outcome.single), (VOTING, outcome.voted)):
            _round(photos, decide, chance, together, rates)
    return outcome


def _round(photos: Sequence[Photo], decide: Decide, chance: random.Random, together: int, rates: Rates) -> None:
    """One round, with `together` photographs in each question."""
    own = _by_person(photos)
    eligible = [name for name, shots in own.items() if len(shots) >= _LEAST_PHOTOS[together]]
    known = chance.sample(eligible, max(1, len(eligible) // 2)) if eligible else []
    names = {name: Who(UUID(int=number), is_known=True) for number, name in enumerate(known, 1)}
    templates: list[Template] = []
    rest: list[tuple[str, list[Photo]]] = []
    for name, shots in own.items():
        shuffled = chance.sample(shots, len(shots))
        enrolled = shuffled[:ENROLLED] if name in names else []
        templates += [Template(UUID(int=1), names[name], "", shot.vector, shot.quality) for shot in enrolled]
        rest.append((name, shuffled[len(enrolled) :]))
    gallery = Gallery(templates)
    for name, shots in rest:
        for question in _groups(shots, together):
            answer = decide([_view(shot, gallery) for shot in question])
            _count(rates, names.get(name), answer)


def _count(rates: Rates, meant: Who | None, answer: Who | None) -> None:
    if meant is None:
        rates.strangers += 1
        rates.named += answer is not None
    else:
        rates.known += 1
        rates.identified += answer == meant
        rates.wrong += answer is not None and answer != meant


def _by_person(photos: Sequence[Photo]) -> dict[str, list[Photo]]:
    own: dict[str, list[Photo]] = {}
    for photo in photos:
        own.setdefault(photo.person, []).append(photo)
    return own


def _groups(shots: Sequence[Photo], together: int) -> Iterator[Sequence[Photo]]:
    """The photographs in groups of so many; what is left over is not asked about."""
    for start in range(0, len(shots) - together + 1, together):
        yield shots[start : start + together]


def _view(shot: Photo, gallery: Gallery) -> View:
    """The photograph as a look at a track's face."""
    return View(TrackId(1), 1, _AT, "", shot.vector, shot.quality, gallery.nearest(shot.vector))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 5) if whole else None
