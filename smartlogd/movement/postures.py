"""Sit, stand and lie as spans of time, and whether someone fell (pure).

A posture is told once it was held for its dwell (1 s), with the instant of its first look as its start, and is over
when another one is held, or when no look knew it for 10 s; a blink of another answer does neither. Answers less sure
than `least_sure` (0.3) count as not known. Someone who lies at most `fell_s` (2 s) after they were last seen standing,
and not on a bed (the middle of the box and of its lower side in a zone of that kind), has fallen: `{"fell": true}` in
the event of their lying. Who lies down on purpose takes longer, or sits down first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smartlogd.base.geometry import Box, inside
from smartlogd.base.known import Behaviour, Json, TrackId, Zone, ZoneKind
from smartlogd.base.time import Stamp
from smartlogd.movement.hold import Held, Hold, Spell, seen, told
from smartlogd.movement.posture import Posed
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.zones import zone_of

SIT, STAND, LIE = "sit", "stand", "lie"


def postured(
    spell: Spell,
    posed: Posed | None,
    box: Box,
    track: TrackId,
    stamp: Stamp,
    zones: Sequence[Zone],
    rules: BehaviourRules,
) -> tuple[Spell, tuple[Behaviour, ...]]:
    """The posture one look on, and what began or ended by it."""
    is_known = posed is not None and posed.confidence >= rules.least_sure
    word, sure = (posed.what, posed.confidence) if posed is not None and is_known else (None, 0.0)
    hold = seen(spell.hold, word, sure, stamp, rules.posture)
    if hold.held is None or hold.held is spell.hold.held:
        return told(spell, hold, track)
    return told(spell, hold, track, _circumstances(spell.hold, hold.held, box, zones, rules))


def _circumstances(
    before: Hold, held: Held, box: Box, zones: Sequence[Zone], rules: BehaviourRules
) -> Mapping[str, Json]:
    """What else is told of a posture where it begins: the bed it is held on, and whether it was a fall."""
    bed = zone_of(zones, {ZoneKind.BED}, (box.centre,))
    if bed is not None and inside(bed.polygon, box.foot):
        return {"zone": bed.name}
    stood = before.held
    has_fallen = (
        held.word == LIE and stood is not None and stood.word == STAND and held.since.since(stood.last) <= rules.fell_s
    )
    return {"fell": True} if has_fallen else {}
