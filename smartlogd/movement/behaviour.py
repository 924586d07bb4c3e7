"""What tracks do, beyond passing a line: that someone is there, how they hold themselves, whether they eat or play.

State is handed in and handed back, as in the scene. Whatever is begun is ended: when it is over, when its track is
gone, or when nobody looks any more (`finish`). Each behaviour is a small machine in a module of its own, which tells
its numbers: `stay`, `postures`, `calm`, `feeding`, `playing`, `approach`, `fetch`. They are of a person or a dog, not
of a track: who is lost and found on another track within 5 s goes on with what they did (`heirs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from smartlogd.base.known import Behaviour, Track, TrackId, Zone
from smartlogd.base.seen import Kind
from smartlogd.base.time import Stamp
from smartlogd.base.who import Who
from smartlogd.movement.doing import (
    Doing,
    Setting,
    Told,
    absent,
    away,
    finished,
    going_on,
    has_begun,
    inherited,
    lived,
    met,
    unwatched,
)
from smartlogd.movement.heirs import heirs
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.stay import is_somebody


@dataclass(frozen=True, slots=True)
class Conduct:
    """What everybody is doing, as of the newest frame, and what those were doing who were lost a moment ago."""

    doings: Mapping[TrackId, Doing] = field(default_factory=lambda: MappingProxyType({}))
    away: tuple[Doing, ...] = ()


def behave(
    conduct: Conduct,
    tracks: Sequence[Track],
    stamp: Stamp,
    zones: Sequence[Zone],
    rules: BehaviourRules,
    *,
    aspect: float,
    whom: Mapping[TrackId, Who] = MappingProxyType({}),
) -> tuple[Conduct, Told]:
    """The conduct one frame on, and what began or ended in it, ends first. Pure.

    `tracks` are all living ones, in any order, `aspect` is the picture's width divided by its height, in pixels.
    `whom` says who each track is taken for, where anybody was recognised.
    """
    there = {track.id: track for track in sorted(tracks, key=lambda track: track.id) if is_somebody(track)}
    if not there and not conduct.doings and not conduct.away:
        return conduct, ()
    said: list[Behaviour] = []
    lost = _lost(conduct, there, stamp, rules, said)
    doings, lost = _with_heirs(conduct.doings, there, lost, whom)
    people = tuple(track.box for track in there.values() if track.kind is Kind.PERSON)
    setting = Setting(stamp, zones, rules, aspect, people)
    after: dict[TrackId, Doing] = {}
    for id_, track in there.items():
        after[id_], told = lived(doings[id_], track, setting)
        said += told
    return Conduct(MappingProxyType(after), lost), _in_order(conduct, said)


def finish(conduct: Conduct) -> tuple[Conduct, Told]:
    """The ends of all that was begun, when nobody looks any more; who is still there at the next look comes anew."""
    ends = [end for doing in (*conduct.doings.values(), *conduct.away) for end in finished(doing)]
    left = {id_: unwatched(doing) for id_, doing in conduct.doings.items()}
    return Conduct(MappingProxyType(left)), _in_order(conduct, ends)


def _lost(
    conduct: Conduct, there: Mapping[TrackId, Track], stamp: Stamp, rules: BehaviourRules, said: list[Behaviour]
) -> tuple[Doing, ...]:
    """Who is away by now and may come back on another track; what ends by it is added to `said`."""
    gone: list[Doing] = list(conduct.away)
    for id_, doing in conduct.doings.items():
        if id_ in there:
            continue
        left, told = away(doing)
        gone.append(left)
        said += told
    still: list[Doing] = []
    for doing in gone:
        kept, told = absent(doing, stamp, rules)
        said += told
        if kept is not None:
            still.append(kept)
    return tuple(still)


def _with_heirs(
    doings: Mapping[TrackId, Doing],
    there: Mapping[TrackId, Track],
    lost: tuple[Doing, ...],
    whom: Mapping[TrackId, Who],
) -> tuple[Mapping[TrackId, Doing], tuple[Doing, ...]]:
    """What each track was doing until this frame: its own, what it goes on with, or nothing yet; and who is lost."""
    before = {id_: doings[id_] if id_ in doings else met(track) for id_, track in there.items()}
    if not lost:
        return before, lost
    found = [track for id_, track in there.items() if not has_begun(before[id_])]
    went_on = heirs(lost, found, whom, {id_: id_ not in doings for id_ in there})
    for id_, doing in went_on.items():
        before[id_] = inherited(doing, before[id_])
    taken = {doing.track for doing in went_on.values()}
    return before, tuple(doing for doing in lost if doing.track not in taken)


def _in_order(conduct: Conduct, said: Sequence[Behaviour]) -> Told:
    """Ends of what was begun before, then the rest; by track and word, however the tracks were given."""
    if len(said) < 2:
        return tuple(said)
    begun = {
        (told.what, told.track, told.start.mono_ns)
        for doing in (*conduct.doings.values(), *conduct.away)
        for told in going_on(doing)
    }
    return tuple(
        sorted(said, key=lambda one: ((one.what, one.track, one.start.mono_ns) not in begun, one.track, one.what))
    )
