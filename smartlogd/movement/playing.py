"""Playing: quick motion to and fro that lasts (pure).

Quick is a pace of at least `quick_person` (1 of one's height a second; walking is 0.8) or `quick_dog` (1.5 of its
length; walking is 1.3) over the last 1.5 s, and to and fro a way over the last 3 s that is less straight than
`straight` (0.75): who runs through the picture does not play in it. It is told after 2 s of that, and over after 3 s
without.
"""

from __future__ import annotations

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.time import Stamp
from smartlogd.movement.hold import NOTHING, Spell, seen, told
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.trace import Trace, pace, straightness

PLAYING = "playing"
_OVER_S = 1.5


def played(
    spell: Spell, trace: Trace, quick: float, track: TrackId, stamp: Stamp, rules: BehaviourRules
) -> tuple[Spell, tuple[Behaviour, ...]]:
    """The play one look on; `quick` is the pace from which someone of this kind is quick."""
    moves = pace(trace, _OVER_S)
    word = None
    if moves is not None:
        word = PLAYING if moves >= quick and straightness(trace) <= rules.straight else NOTHING
    return told(spell, seen(spell.hold, word, 1.0, stamp, rules.play), track)
