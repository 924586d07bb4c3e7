"""What is amiss with the faces that are remembered, and which threshold suits them (pure).

Each face is taken out in turn and compared with the rest: with its own person's as when the person is seen again,
with everyone else's as when a stranger is. Both kinds of distance are taken as normally distributed, and what is known
of them in general counts as much as `GENERAL_WEIGHT` faces, so that a small gallery is not judged by its few alone.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from uuid import UUID

import numpy as np
import numpy.typing as npt

from smartlogd.base.who import DIMENSIONS, Template, Who

TWIN_DISTANCE = 0.08
"""Nearer than this are two copies of one photograph: saved again as JPEG, 30 large ones moved by 0.01 to 0.09."""
OWN_IN_GENERAL = NormalDist(0.351, 0.079)
OTHERS_IN_GENERAL = NormalDist(0.701, 0.062)
"""One look at one of 34 people, three faces of each enrolled: 97 % lay within 0.50 of their own and 99.4 % within 0.55;
0.7 % of the strangers lay within 0.55 of someone, 5 % within 0.60."""
GENERAL_WEIGHT = 20
MOST_FALSE_ACCEPT = 0.002
"""The suggested threshold is the loosest at which no more looks at strangers than this are called by someone's name."""
LEAST_THRESHOLD, MOST_THRESHOLD = 0.40, 0.60
SURE_FROM = 50
_ROWS = 256

Distances = npt.NDArray[np.float32]


class Fault(enum.Enum):
    """What may be amiss with a remembered face."""

    DUPLICATE = "duplicate"
    OUTLIER = "outlier"
    CLOSE = "too close"


@dataclass(frozen=True, slots=True)
class Finding:
    """A face of `who` with a fault; `distance` to its twin, to its nearest own, or to the nearest of `other`."""

    fault: Fault
    template: UUID
    who: Who
    distance: float
    other: Who | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether a face is someone else's, or under two names: such say nothing of how the gallery does otherwise."""
        under_two_names = self.fault is Fault.CLOSE and self.distance < TWIN_DISTANCE
        return self.fault is Fault.OUTLIER or under_two_names


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often a single look goes wrong at a `threshold`.

    `false_accept` is the share of looks at strangers that are called by someone's name, `false_reject` that of looks at
    known people that are called by nobody's.
    """

    threshold: float
    false_accept: float
    false_reject: float


@dataclass(frozen=True, slots=True)
class Review:
    """What was found; `own_looks` and `other_looks` distances were there to estimate from."""

    people: int
    templates: int
    findings: tuple[Finding, ...]
    suggested: Expectation
    current: Expectation
    own_looks: int
    other_looks: int

    @property
    def is_sure(self) -> bool:
        """Whether the gallery itself says more about the threshold than general experience does."""
        return min(self.own_looks, self.other_looks) >= SURE_FROM


@dataclass(frozen=True, slots=True)
class _Standing:
    """How one face stands: to its twin, to the nearest of its own that is no twin, and to the nearest other's."""

    twin: float
    own: float
    other: float
    nearest_other: int


def review(templates: Sequence[Template], known_distance: float, doubt_distance: float) -> Review:
    """Judge the faces of known people; ValueError when they are not all of one model.

    A face is a duplicate when a better one of its person is nearly equal, an outlier when all others of its person are
    farther than `doubt_distance`, too close when another person's is within `known_distance` or nearer than its own.
    """
    if len({template.model for template in templates}) > 1:
        raise ValueError("points of different networks cannot be compared")
    faces = sorted(
        (each for each in templates if each.who.is_known), key=lambda each: (each.who, -each.quality, each.id)
    )
    vectors = np.array([face.vector for face in faces], np.float32).reshape(len(faces), DIMENSIONS)
    owners = np.array(
        [index for index, (_, group) in enumerate(itertools.groupby(faces, lambda face: face.who)) for _ in group],
        np.intp,
    )
    standings = list(_standings(vectors, owners))
    findings = tuple(
        finding
        for face, standing in zip(faces, standings, strict=True)
        for finding in _findings(face, standing, faces, known_distance, doubt_distance)
    )
    strays = {finding.template for finding in findings if finding.is_wrong}
    kept = np.array([face.id not in strays for face in faces], bool)
    sound = list(_standings(vectors[kept], owners[kept]))
    own = [standing.own for standing in sound if np.isfinite(standing.own)]
    others = [standing.other for standing in sound if np.isfinite(standing.other)]
    expected = _Curves(_mixed(OWN_IN_GENERAL, own), _mixed(OTHERS_IN_GENERAL, others))
    return Review(
        people=len(set(owners.tolist())),
        templates=len(faces),
        findings=findings,
        suggested=expected.at(expected.loosest()),
        current=expected.at(known_distance),
        own_looks=len(own),
        other_looks=len(others),
    )


def _standings(vectors: Distances, owners: npt.NDArray[np.intp]) -> Iterator[_Standing]:
    """Every face against all others, some rows at a time: all at once would not fit the memory of a small board."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for start in range(0, len(vectors), _ROWS):
        rows = slice(start, start + _ROWS)
        squared = squares[rows, None] - 2 * (vectors[rows] @ vectors.T) + squares[None]
        apart = np.sqrt(np.maximum(squared, 0))
        is_own = owners[rows, None] == owners[None]
        # Of twins only the worse one is told of; faces are sorted by quality, so it comes after its twin.
        before = np.arange(len(vectors))[None] < np.arange(len(vectors))[rows, None]
        itself = np.arange(len(vectors))[None] == np.arange(len(vectors))[rows, None]
        twins = np.where(is_own & before, apart, np.inf).min(axis=1)
        own = np.where(is_own & ~itself & (apart >= TWIN_DISTANCE), apart, np.inf).min(axis=1)
        others = np.where(is_own, np.inf, apart)
        nearest = others.argmin(axis=1)
        for row, index in enumerate(nearest):
            yield _Standing(float(twins[row]), float(own[row]), float(others[row, index]), int(index))


def _findings(
    face: Template, standing: _Standing, faces: Sequence[Template], known_distance: float, doubt_distance: float
) -> Iterator[Finding]:
    if standing.twin < TWIN_DISTANCE:
        yield Finding(Fault.DUPLICATE, face.id, face.who, standing.twin)
    if doubt_distance < standing.own < np.inf:
        yield Finding(Fault.OUTLIER, face.id, face.who, standing.own)
    rather = standing.other < min(standing.own, doubt_distance) and np.isfinite(standing.own)
    if standing.other <= known_distance or rather:
        yield Finding(Fault.CLOSE, face.id, face.who, standing.other, faces[standing.nearest_other].who)


@dataclass(frozen=True, slots=True)
class _Curves:
    """How the distances to one's own, and to the nearest of others, are distributed."""

    own: NormalDist
    others: NormalDist

    def at(self, threshold: float) -> Expectation:
        return Expectation(threshold, self.others.cdf(threshold), 1 - self.own.cdf(threshold))

    def loosest(self) -> float:
        """The loosest threshold that calls few enough strangers by a name, in steps of 0.005."""
        allowed = self.others.inv_cdf(MOST_FALSE_ACCEPT)
        return min(MOST_THRESHOLD, max(LEAST_THRESHOLD, int(allowed / 0.005) * 0.005))


def _mixed(general: NormalDist, seen: Sequence[float]) -> NormalDist:
    """What is known in general, and what was seen, each weighted by its number."""
    if not seen:
        return general
    here = np.array(seen, np.float64)
    count = GENERAL_WEIGHT + len(here)
    mean = (GENERAL_WEIGHT * general.mean + float(here.sum())) / count
    spread = GENERAL_WEIGHT * (general.variance + (general.mean - mean) ** 2) + float(np.square(here - mean).sum())
    return NormalDist(mean, float(np.sqrt(spread / count)))
