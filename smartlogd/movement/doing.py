"""What one being is doing, as of the newest look at it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from smartlogd.base.geometry import Box
from smartlogd.base.known import Behaviour, Phase, Track, TrackId, Zone
from smartlogd.base.seen import Detection, Kind
from smartlogd.base.time import Stamp
from smartlogd.movement.approach import Nearing, approached
from smartlogd.movement.calm import calmed
from smartlogd.movement.feeding import BOWLS, fed
from smartlogd.movement.fetch import Cue, Fetch, State, expired, fetched, vanished
from smartlogd.movement.hold import Spell, over, seen, told
from smartlogd.movement.playing import played
from smartlogd.movement.posture import Shape, posture, shaped
from smartlogd.movement.postures import postured
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.stay import Stay, left, stayed
from smartlogd.movement.trace import Trace, followed, heading, motion, pace
from smartlogd.movement.zones import heads

Told: TypeAlias = tuple[Behaviour, ...]

NONE: Told = ()
_WAITS_S = 1.5
"""A dog that kept to its place for so long waits."""
_FREE, _APART, _AT_REST = Spell(), Nearing(), Fetch()


@dataclass(frozen=True, slots=True)
class Doing:
    """All that is held of one being. `box` is where it was at `last`, `facing` which way it last walked."""

    track: TrackId
    kind: Kind
    box: Box
    last: Stamp
    stay: Stay | None = None
    trace: Trace | None = None
    shape: Shape | None = None
    facing: int = 0
    posture: Spell = _FREE
    calm: Spell = _FREE
    feed: Spell = _FREE
    play: Spell = _FREE
    nearing: Nearing = _APART
    fetch: Fetch = _AT_REST


@dataclass(frozen=True, slots=True)
class Setting:
    """What a frame is looked at with: when, by which zones and rules, the picture's shape, and where people are."""

    stamp: Stamp
    zones: Sequence[Zone]
    rules: BehaviourRules
    aspect: float
    people: Sequence[Box] = ()


def met(track: Track) -> Doing:
    """Someone who was not seen before."""
    return Doing(track.id, track.kind, track.box, track.last)


def lived(doing: Doing, track: Track, setting: Setting) -> tuple[Doing, Told]:
    """What someone is doing one frame on, and what that tells."""
    stay, came = stayed(doing.stay, track, setting.stamp, setting.rules.gap_s)
    if not setting.rules.is_enabled:
        return replace(_idle(doing), stay=stay), (*came, *_over(doing), *over(doing.calm))
    if track.phase is Phase.CONFIRMED and track.detection is not None:
        doing, said = _seen(doing, stay, track, track.detection, setting)
    else:
        doing, said = _unseen(doing, stay, setting)
    return doing, (*came, *said) if came else said


def _seen(doing: Doing, stay: Stay | None, track: Track, body: Detection, setting: Setting) -> tuple[Doing, Told]:
    """What one look shows of posture, calm and meals; and each time there is a new place, what the way shows."""
    rules, stamp = setting.rules, setting.stamp
    trace = followed(doing.trace, track.box, stamp, setting.aspect)
    is_new = doing.trace is not None and trace.past is not doing.trace.past
    facing = (heading(trace) if is_new else 0) or doing.facing
    posed = posture(body, setting.aspect, doing.shape)
    pose, one = postured(doing.posture, posed, track.box, track.id, stamp, setting.zones, rules)
    held = pose.hold.held
    calm, two = calmed(doing.calm, motion(trace), held.word if held else None, track.id, stamp, rules)
    feed, three = _fed(doing.feed, body, track, facing, setting)
    play, nearing, fetch, four = doing.play, doing.nearing, doing.fetch, NONE
    if track.is_doubtful:
        nearing, fetch = Nearing(after=stamp), _AT_REST  # it may be another, who was elsewhere a moment ago
    elif is_new:
        play, nearing, fetch, four = _moved(doing, trace, track, setting)
    shape = shaped(doing.shape, body)
    return Doing(
        track.id, track.kind, track.box, stamp, stay, trace, shape, facing, pose, calm, feed, play, nearing, fetch
    ), (*one, *two, *three, *four)


def _fed(spell: Spell, body: Detection, track: Track, facing: int, setting: Setting) -> tuple[Spell, Told]:
    """Eating and drinking; where there is no bowl, nobody looks for a head."""
    if spell.hold.held is None and not any(zone.kind in BOWLS for zone in setting.zones):
        return spell, NONE
    head = heads(body, track.face, facing, setting.aspect)
    return fed(spell, head, track.id, setting.stamp, setting.zones, setting.rules)


def _moved(doing: Doing, trace: Trace, track: Track, setting: Setting) -> tuple[Spell, Nearing, Fetch, Told]:
    """What the places of the last seconds show: playing, approach and fetching."""
    rules, quick = setting.rules, setting.rules.quick(track.kind)
    play, one = played(doing.play, trace, quick, track.id, setting.stamp, rules)
    nearing, two = approached(doing.nearing, trace, track.id, track.score, rules)
    cue = Cue.APPROACH if nearing.is_nearing else _beside(track, pace(trace, _WAITS_S), setting)
    fetch, three = fetched(doing.fetch, trace, cue, track.id, quick, track.score, rules)
    return play, nearing, fetch, (*one, *two, *three)


def _beside(track: Track, moves: float | None, setting: Setting) -> Cue | None:
    """Whether a dog waits beside a person: no further from their box than its own is wide."""
    if track.kind is not Kind.DOG or moves is None or moves > setting.rules.rest_pace:
        return None
    box, wide = track.box, max(track.box.width * setting.aspect, track.box.height)
    is_beside = any(
        max(person.x0 - box.x1, box.x0 - person.x1) * setting.aspect <= wide
        and max(person.y0 - box.y1, box.y0 - person.y1) <= wide / 2
        for person in setting.people
    )
    return Cue.BESIDE if is_beside else None


def _unseen(doing: Doing, stay: Stay | None, setting: Setting) -> tuple[Doing, Told]:
    """What is over, because it was not seen for too long."""
    rules, stamp = setting.rules, setting.stamp
    spells = (doing.posture, doing.calm, doing.feed, doing.play)
    bounds = (rules.posture, rules.calm, rules.feed, rules.play)
    faded = [
        told(spell, seen(spell.hold, None, 0.0, stamp, bound), doing.track)
        for spell, bound in zip(spells, bounds, strict=True)
    ]
    (pose, one), (calm, two), (feed, three), (play, four) = faded
    fetch, late = expired(doing.fetch, stamp, 1.0, rules)
    after = replace(doing, stay=stay, posture=pose, calm=calm, feed=feed, play=play, fetch=fetch)
    return after, (*one, *two, *three, *four, *late)


def away(doing: Doing) -> tuple[Doing, Told]:
    """Who is no track any more: they are not there, nor calm there, but may go on sitting where they are seen next."""
    gone = replace(doing, stay=None, calm=Spell(), fetch=vanished(doing.fetch, doing.trace))
    return gone, (*left(doing.stay), *over(doing.calm))


def absent(doing: Doing, stamp: Stamp, rules: BehaviourRules) -> tuple[Doing | None, Told]:
    """Who is away, at a later instant; None once nothing of it can go on."""
    fetch, late = expired(doing.fetch, stamp, 1.0, rules)
    if stamp.since(doing.last) <= rules.gap_s:
        return replace(doing, fetch=fetch), late
    still = None if fetch.state is State.REST else replace(_idle(doing), fetch=fetch)
    return still, (*_over(doing), *late)


def inherited(doing: Doing, heir: Doing) -> Doing:
    """`doing` of another track, gone on with by the being that `heir` is."""
    return replace(
        heir,
        shape=doing.shape,
        facing=doing.facing,
        posture=doing.posture,
        feed=doing.feed,
        play=doing.play,
        fetch=doing.fetch,
    )


def finished(doing: Doing) -> Told:
    """The ends of all that was begun, since nobody looks any more."""
    return (*left(doing.stay), *_over(doing), *over(doing.calm))


def unwatched(doing: Doing) -> Doing:
    """The same being after nobody looked for a while."""
    return Doing(doing.track, doing.kind, doing.box, doing.last, Stay(None, doing.last))


def has_begun(doing: Doing) -> bool:
    """Whether anything was told of it that another track might have begun."""
    return any(spell.told is not None for spell in (doing.posture, doing.feed, doing.play))


def going_on(doing: Doing) -> Told:
    """All that was begun and is not over."""
    told = (spell.told for spell in (doing.posture, doing.calm, doing.feed, doing.play))
    return tuple(one for one in (doing.stay.told if doing.stay else None, *told) if one is not None)


def _over(doing: Doing) -> Told:
    return (*over(doing.posture), *over(doing.feed), *over(doing.play))


def _idle(doing: Doing) -> Doing:
    """The same being, of which nothing is known to be doing."""
    return Doing(doing.track, doing.kind, doing.box, doing.last, doing.stay, fetch=doing.fetch)
