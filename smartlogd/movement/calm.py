"""Calm: the spans in which somebody is in view and lies, sits or keeps still, with little motion (pure).

Motion is how fast the sides of the smoothed box move, over the last 0.8 s, in the body's own sizes a second (or how
fast it walks into the depth of the picture, a third of that). Up to `still_pace` (0.12) is still, and calm in any
posture; who sits or lies is calm up to `rest_pace` (0.3). A span is told after 3 s of calm and began where the calm
did; it is over after 2 s of more motion, and ended where that began.
"""

from __future__ import annotations

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.time import Stamp
from smartlogd.movement.hold import NOTHING, Spell, seen, told
from smartlogd.movement.postures import LIE, SIT
from smartlogd.movement.rules import BehaviourRules

CALM = "calm"


def calmed(
    spell: Spell, moves: float | None, posture: str | None, track: TrackId, stamp: Stamp, rules: BehaviourRules
) -> tuple[Spell, tuple[Behaviour, ...]]:
    """The calm one look on; `moves` is the motion, None where too little was seen, and `posture` what is held."""
    word = None
    if moves is not None:
        word = CALM if moves <= (rules.rest_pace if posture in {SIT, LIE} else rules.still_pace) else NOTHING
    return told(spell, seen(spell.hold, word, 1.0, stamp, rules.calm), track)
