"""Approach: somebody comes markedly nearer (pure).

What comes nearer looks larger, and by how much says by how much of its distance: by half (`nearer`, 1.5) within 3 s
means that a third of the way is gone, and that it would be here within 6 s more (size over growth is the time to
contact; Lee 1976). Width and height must both have grown, so that getting up, bending, turning round and walking across
are none; an axis cut by the picture's edge is not measured. It must have grown all the time: a box that jumps is
another box. Told once, when it is sure, with where the growth began as its start. Another one begins only after they
stopped coming nearer (less than a tenth within a second).

|        | looms      | settles |
|--------|------------|---------|
| apart  | nearing, told |      |
| nearing |           | apart   |
"""

from __future__ import annotations

from dataclasses import dataclass

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.time import Stamp
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.trace import Trace, growth, is_gradual

APPROACH = "approach"
_SETTLED, _SETTLED_S = 1.1, 1.0
_ENTERING_S = 1.0
"""Who comes in over the picture's edge, head first, grows by that: the first second of a track says nothing."""


@dataclass(frozen=True, slots=True)
class Nearing:
    """Whether somebody is just coming nearer, and from when on growth counts."""

    is_nearing: bool = False
    after: Stamp | None = None


def approached(
    nearing: Nearing, trace: Trace, track: TrackId, sure: float, rules: BehaviourRules
) -> tuple[Nearing, tuple[Behaviour, ...]]:
    """The approach one look on; `sure` is how sure it is that there is somebody."""
    now = trace.now.stamp
    if nearing.is_nearing:
        factor, _ = growth(trace, _SETTLED_S)
        return (nearing, ()) if factor >= _SETTLED else (Nearing(after=now), ())
    if nearing.after is None:
        return Nearing(after=now.shifted(_ENTERING_S)), ()
    factor, when = growth(trace, rules.nearer_s, nearing.after)
    if factor < rules.nearer or not is_gradual(trace, when):
        return nearing, ()
    return Nearing(is_nearing=True), (Behaviour(APPROACH, track, when.stamp, now, sure),)
