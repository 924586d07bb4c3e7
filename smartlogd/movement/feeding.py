"""Eating and drinking: the head in the zone of a bowl for a while (pure).

Told after the head was there for 2 s; over when it was out of it for 3 s, since who chews looks up. Where the head is,
`zones.heads` says; for a dog it is where the head would be if lowered, so that a dog that rests with its front before a
bowl is taken to eat from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smartlogd.base.geometry import Point
from smartlogd.base.known import Behaviour, TrackId, Zone, ZoneKind
from smartlogd.base.time import Stamp
from smartlogd.movement.hold import NOTHING, Spell, seen, told
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.zones import zone_of

EATING, DRINKING = "eating", "drinking"
BOWLS: Mapping[ZoneKind, str] = {ZoneKind.BOWL_FOOD: EATING, ZoneKind.BOWL_WATER: DRINKING}


def fed(
    spell: Spell, head: Sequence[Point], track: TrackId, stamp: Stamp, zones: Sequence[Zone], rules: BehaviourRules
) -> tuple[Spell, tuple[Behaviour, ...]]:
    """The meal one look on; `head` is where the head may be."""
    bowl = zone_of(zones, BOWLS, head)
    word = NOTHING if bowl is None else BOWLS[bowl.kind]
    return told(
        spell, seen(spell.hold, word, 1.0, stamp, rules.feed), track, {} if bowl is None else {"zone": bowl.name}
    )
