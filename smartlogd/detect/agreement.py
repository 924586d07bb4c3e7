"""How far two models agree about the same pictures (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smartlogd.base.geometry import iou
from smartlogd.base.seen import Detection

_SAME = 0.5
"""Two boxes that share this much of what both cover are of the same thing."""
_NEAR = 0.1
"""Two keypoints are the same place when they are no farther apart than this share of the box's longer side."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """So many things were found by both, so many by either; and of what both say more of, so much is the same."""

    both: int = 0
    either: int = 0
    same: int = 0
    details: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.both + other.both,
            self.either + other.either,
            self.same + other.same,
            self.details + other.details,
        )

    @property
    def share(self) -> float:
        """The lesser of the two shares, 0..1; 1 where neither model found anything."""
        found = self.both / self.either if self.either else 1.0
        alike = self.same / self.details if self.details else 1.0
        return min(found, alike)


def agreement(one: Sequence[Detection], other: Sequence[Detection]) -> Agreement:
    """How far two models agree about one picture; each thing of one is matched with at most one of the other."""
    left, both, same, details = list(other), 0, 0, 0
    for mine in one:
        near = [theirs for theirs in left if theirs.kind is mine.kind and iou(mine.box, theirs.box) >= _SAME]
        if not near:
            continue
        theirs = max(near, key=lambda found: iou(mine.box, found.box))
        left.remove(theirs)
        alike, all_ = _details(mine, theirs)
        both, same, details = both + 1, same + alike, details + all_
    return Agreement(both, len(one) + len(left), same, details)


def _details(one: Detection, other: Detection) -> tuple[int, int]:
    """Of what both are sure of, keypoints and what someone is doing: how many are the same, and how many there are."""
    reach = _NEAR * max(one.box.width, one.box.height)
    pairs = [
        (mine, theirs)
        for mine in one.keypoints
        if (theirs := other.keypoint(mine.name)) is not None and min(mine.visibility, theirs.visibility) >= _SAME
    ]
    same = sum(mine.point.distance(theirs.point) <= reach for mine, theirs in pairs)
    if one.guess is None or other.guess is None:
        return same, len(pairs)
    return same + (one.guess.what == other.guess.what), len(pairs) + 1
