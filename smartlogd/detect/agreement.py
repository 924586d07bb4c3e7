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
    """So many things were found by both, so many by either; and of keypoints that both have, so many lie together."""

    both: int = 0
    either: int = 0
    together: int = 0
    keypoints: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(
            self.both + other.both,
            self.either + other.either,
            self.together + other.together,
            self.keypoints + other.keypoints,
        )

    @property
    def share(self) -> float:
        """The lesser of the two shares, 0..1; 1 where neither model found anything."""
        found = self.both / self.either if self.either else 1.0
        placed = self.together / self.keypoints if self.keypoints else 1.0
        return min(found, placed)


def agreement(one: Sequence[Detection], other: Sequence[Detection]) -> Agreement:
    """How far two models agree about one picture; each thing of one is matched with at most one of the other."""
    left, both, together, keypoints = list(other), 0, 0, 0
    for mine in one:
        same = [theirs for theirs in left if theirs.kind is mine.kind and iou(mine.box, theirs.box) >= _SAME]
        if not same:
            continue
        theirs = max(same, key=lambda found: iou(mine.box, found.box))
        left.remove(theirs)
        near, all_ = _keypoints(mine, theirs)
        both, together, keypoints = both + 1, together + near, keypoints + all_
    return Agreement(both, len(one) + len(left), together, keypoints)


def _keypoints(one: Detection, other: Detection) -> tuple[int, int]:
    """Of the keypoints that both are sure of: how many lie together, and how many there are."""
    reach = _NEAR * max(one.box.width, one.box.height)
    pairs = [
        (mine, theirs)
        for mine in one.keypoints
        if (theirs := other.keypoint(mine.name)) is not None and min(mine.visibility, theirs.visibility) >= _SAME
    ]
    return sum(mine.point.distance(theirs.point) <= reach for mine, theirs in pairs), len(pairs)
