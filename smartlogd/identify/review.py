"""What is amiss with the faces that are remembered, and which threshold suits them (pure).

Each face is taken out in turn and measured as the gallery measures: against its own person's others as when the person
is seen again, against everyone else's as when a stranger is. Of both kinds of distance the half that matters, the near
others and the far own, is taken as half a normal distribution. What is known of them in general counts as much as
`GENERAL_WEIGHT` people, so that a small gallery is not judged by its few alone.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from uuid import UUID

import numpy as np

from smartlogd.base.who import Template, Who
from smartlogd.identify.gallery import Gallery

TWIN_DISTANCE = 0.08
"""Nearer than this are two copies of one photograph: saved again as JPEG, large ones moved by 0.01 to 0.09."""
OWN_IN_GENERAL = NormalDist(0.393, 0.075)
"""How far one look at someone is from three faces of theirs: 92 % within 0.50 and 99.7 % within 0.60, of 121 people."""
GENERAL_WEIGHT = 20
MOST_FALSE_ACCEPT = 0.002
"""The suggested threshold is the loosest at which no more looks at strangers than this are called by someone's name."""
LEAST_THRESHOLD, MOST_THRESHOLD = 0.40, 0.60
SURE_FROM = 50


class Fault(enum.Enum):
    """What may be amiss with a remembered face."""

    DUPLICATE = "duplicate"
    OUTLIER = "outlier"
    CLOSE = "too close"


@dataclass(frozen=True, slots=True)
class Finding:
    """A face of `who` with a fault: its `distance` to its twin, to its own others, or to those of `other`.

    `is_wrong` says that the face is someone else's, or under two names: such say nothing of how the gallery does
    otherwise.
    """

    fault: Fault
    template: UUID
    who: Who
    distance: float
    other: Who | None = None
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """How often a single look goes wrong at a `threshold`.

    `false_accept` is the share of looks at strangers that are called by someone's name, `false_reject` that of looks at
    known people that are called by nobody's. The margin to the next person is left out: where it matters, with many
    people and a loose threshold, it lessens the first by a fifth.
    """

    threshold: float
    false_accept: float
    false_reject: float


@dataclass(frozen=True, slots=True)
class Review:
    """What was found; so many `own_looks` and `other_looks` were there to estimate from."""

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
    """How one face stands, as distances.

    `twin` is to the nearest better copy of it, `nearest_own` to the nearest of its own that is no copy, `own` to all of
    those together, `other` to all of the `nearest` other person's together.
    """

    face: Template
    twin: float
    nearest_own: float
    own: float
    other: float
    nearest: Who | None


def review(templates: Sequence[Template], known_distance: float, doubt_distance: float) -> Review:
    """Judge the faces of known people; ValueError when they are not all of one model.

    A face is a duplicate when a better one of its person is nearly equal, an outlier when it is farther than
    `doubt_distance` from each of its person's others, too close when it is within `known_distance` of another person,
    or nearer to another than to any of its own.
    """
    faces = sorted((face for face in templates if face.who.is_known), key=_order)
    albums = _albums(faces)
    findings = [
        finding
        for standing in _standings(faces)
        for finding in _findings(standing, albums, known_distance, doubt_distance)
    ]
    wrong = {finding.template for finding in findings if finding.is_wrong}
    sound = _standings([face for face in faces if face.id not in wrong])
    own = [standing.own for standing in sound if np.isfinite(standing.own)]
    others = [standing.other for standing in sound if np.isfinite(standing.other)]
    # Looks at one person are much alike: of others there are as many independent ones as people, and not as faces.
    expected = _Curves(
        own=_mixed(OWN_IN_GENERAL, own, weight=len(own), tail=1),
        others=_mixed(others_in_general(len(albums)), others, weight=len(albums), tail=-1),
    )
    return Review(
        people=len(albums),
        templates=len(faces),
        findings=tuple(findings),
        suggested=expected.at(expected.loosest()),
        current=expected.at(known_distance),
        own_looks=len(own),
        other_looks=len(others),
    )


def _order(face: Template) -> tuple[Who, float, UUID]:
    """Each person's together, the best first."""
    return face.who, -face.quality, face.id


def _albums(faces: Sequence[Template]) -> dict[Who, list[Template]]:
    return {who: list(theirs) for who, theirs in itertools.groupby(faces, lambda face: face.who)}


def _standings(faces: Sequence[Template]) -> list[_Standing]:
    """How every face stands to all others."""
    everyone = Gallery(faces)
    return [_standing(index, album, everyone) for album in _albums(faces).values() for index in range(len(album))]


def _standing(index: int, album: Sequence[Template], everyone: Gallery) -> _Standing:
    """How the face of this number in its person's album stands."""
    face = album[index]
    apart = [float(np.linalg.norm(face.vector - each.vector)) for each in album]
    # Of two copies the worse is told of; the best stand first.
    twin = min(apart[:index], default=np.inf)
    rest = [place for place in range(len(album)) if place != index and apart[place] >= TWIN_DISTANCE]
    own = Gallery([album[place] for place in rest]).nearest(face.vector, 1)
    nearest = next((near for near in everyone.nearest(face.vector, 2) if near.who != face.who), None)
    return _Standing(
        face,
        twin,
        min((apart[place] for place in rest), default=np.inf),
        own[0].distance if own else np.inf,
        nearest.distance if nearest else np.inf,
        nearest.who if nearest else None,
    )


def _findings(
    standing: _Standing, albums: dict[Who, list[Template]], known_distance: float, doubt_distance: float
) -> list[Finding]:
    face, found = standing.face, []
    if standing.twin < TWIN_DISTANCE:
        found.append(Finding(Fault.DUPLICATE, face.id, face.who, standing.twin))
    if doubt_distance < standing.nearest_own < np.inf:
        found.append(Finding(Fault.OUTLIER, face.id, face.who, standing.nearest_own, is_wrong=True))
    rather = standing.other < min(standing.nearest_own, doubt_distance) and np.isfinite(standing.nearest_own)
    if standing.nearest is not None and (standing.other <= known_distance or rather):
        copied = min(float(np.linalg.norm(face.vector - each.vector)) for each in albums[standing.nearest])
        twice = copied < TWIN_DISTANCE
        found.append(Finding(Fault.CLOSE, face.id, face.who, standing.other, standing.nearest, is_wrong=twice))
    return found


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


def others_in_general(people: int) -> NormalDist:
    """How far a look at a stranger is from the nearest of so many known people: the more there are, the nearer.

    Measured with 5, 15 and 45 of 121 people known: 0.04 %, 0.3 % and 0.9 % of looks at the others within 0.50.
    """
    return NormalDist(0.687 - 0.028 * math.log(max(people, 1) / 5), 0.055)


def _mixed(general: NormalDist, seen: Sequence[float], *, weight: float, tail: int) -> NormalDist:
    """What is known in general, and what was seen, by its `weight`; `tail` is the side that matters.

    Taken whole, the distances are not normal: the far side of the others would make the near one look wider than it is.
    """
    if not seen:
        return general
    here = np.array(seen, np.float64)
    middle = float(np.median(here))
    side = here[(here - middle) * tail >= 0]
    share = weight / (GENERAL_WEIGHT + weight)
    mean = general.mean + share * (middle - general.mean)
    variance = general.variance + share * (float(np.square(side - middle).mean()) - general.variance)
    return NormalDist(mean, math.sqrt(variance))
