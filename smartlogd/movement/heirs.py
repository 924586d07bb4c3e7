"""Who goes on as whom: a track that begins where another was lost (pure).

A detector misses who sits or lies for seconds on end; the track ends, and the next one is the same being, which has not
sat down once more. A new track goes on with what one of its kind was doing that was lost at most 5 s before (10 s while
it fetches), where both are taken for the same person or stranger, or where it appears about where the other was lost
(who did not walk out of the picture there), and nobody says that they are two. Of several the nearest is taken, each
once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from smartlogd.base.geometry import Box
from smartlogd.base.known import Track, TrackId
from smartlogd.base.who import Who
from smartlogd.movement.doing import Doing
from smartlogd.movement.fetch import State
from smartlogd.movement.trace import pace

_WALKED_S, _WALKS = 0.8, 0.25
"""Who went at this pace, in their own sizes a second, over this long, walked."""
_NEAR = 0.5
"""About there is within half the diagonal of the larger box: who falls is found below where they stood."""


def heirs(
    lost: Sequence[Doing], found: Sequence[Track], whom: Mapping[TrackId, Who], is_new: Mapping[TrackId, bool]
) -> dict[TrackId, Doing]:
    """Which of the `found` goes on with what which of the `lost` did.

    One that is not new any more can still turn out to be somebody, but appears nowhere.
    """
    pairs = sorted(
        (fit, doing.last.mono_ns, track.id, doing.track, doing, track)
        for doing, track in itertools.product(lost, found)
        if doing.kind is track.kind and (fit := _fit(doing, track, whom, is_new=is_new[track.id])) is not None
    )
    went_on: dict[TrackId, Doing] = {}
    for *_, doing, track in pairs:
        if track.id not in went_on and all(doing.track != other.track for other in went_on.values()):
            went_on[track.id] = doing
    return went_on


def _fit(doing: Doing, track: Track, whom: Mapping[TrackId, Who], *, is_new: bool) -> float | None:
    """How badly a track fits one who was lost: 0 the same by their face, up to 1 by the place, 2 back from fetching."""
    mine, theirs = whom.get(track.id), whom.get(doing.track)
    if mine is not None and mine == theirs:
        return 0.0
    are_two = mine is not None and theirs is not None and mine.is_known and theirs.is_known
    if not is_new or are_two or track.first.mono_ns < doing.last.mono_ns:
        return None
    reach = _NEAR * max(_diagonal(doing.box), _diagonal(track.box))
    away = doing.box.centre.distance(track.box.centre)
    if away <= reach and not _has_left(doing):
        return away / reach
    return 2.0 if doing.fetch.state is State.OUT else None


def _has_left(doing: Doing) -> bool:
    """Whether it walked at the picture's edge when it was lost: who appears there next is somebody else."""
    trace = doing.trace
    if trace is None or all(trace.now.free):
        return False
    moves = pace(trace, _WALKED_S)
    return moves is None or moves > _WALKS


def _diagonal(box: Box) -> float:
    return math.hypot(box.width, box.height)
