"""A word that is held: entered with dwell and left with hysteresis, by seconds and not by frames (pure).

Looks give words (sit, sit, stand, sit, nothing known, ...). One word is held, or none; another is its rival while there
is evidence for it. Each look counts for the time since the look before it, while that is short (`BRIDGE_S`): a look
that agrees with the rival adds that to it, any other takes it off; after 2.25 s without a look that knew anything the
rival is begun anew. So a blink of another word, or a share of wrong words below a half, moves nothing; and 2 or
30 looks a second prove the same. A look that knows nothing changes nothing, until the held word has not been seen for
too long.

|         | a look: held | a look: rival | a look: a third | rival's dwell is full | not seen for `unknown_s` |
|---------|--------------|---------------|-----------------|-----------------------|--------------------------|
| held    | seen         | rival grows   | rival shrinks   | rival is held         | none is held             |
| no one  | -            | rival grows   | rival shrinks   | rival is held         | -                        |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from smartlogd.base.known import Behaviour, Json, TrackId
from smartlogd.base.time import Stamp

NOTHING = ""
"""The word for doing nothing of the kind; it is held like any other, and never told."""
BRIDGE_S = 0.75
"""Two looks of one word this far apart, or less, show it for the whole time between them."""
_NO_DATA: Mapping[str, Json] = MappingProxyType({})
_FULL = 1e-6


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long is long enough, in seconds.

    A word is held after `dwell_s`, and left after `leave_s` of nothing of the kind, or after `unknown_s` without a look
    that shows it. A word whose look tells of the seconds before it began `lookback_s` before its first look.
    """

    dwell_s: float
    leave_s: float
    unknown_s: float
    lookback_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A word that is held: since when, when it was seen last, and how sure its looks were on the average."""

    word: str
    since: Stamp
    last: Stamp
    sure: float


@dataclass(frozen=True, slots=True)
class Rival:
    """A word that may be held soon: since when, for how long it was seen, and the sum of its looks' sureness."""

    word: str
    since: Stamp
    seen_s: float
    sure: float
    looks: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The word that is held, its rival, and when the last look knew anything."""

    held: Held | None = None
    rival: Rival | None = None
    looked: Stamp | None = None


_FREE = Hold()


@dataclass(frozen=True, slots=True)
class Spell:
    """A hold, and what was told of the word that is held."""

    hold: Hold = _FREE
    told: Behaviour | None = None


def seen(hold: Hold, word: str | None, sure: float, stamp: Stamp, bounds: Bounds) -> Hold:
    """The hold after one look; `word` is None where the look knows nothing."""
    hold = _faded(hold, stamp, bounds)
    if word is None:
        return hold
    credit_s = _credit(stamp.since(hold.looked)) if hold.looked else 0.0
    held = hold.held
    if held is not None and held.word == word:
        return Hold(Held(word, held.since, stamp, held.sure), _shrunk(hold.rival, credit_s), stamp)
    rival = _contended(hold.rival, word, sure, stamp, credit_s, bounds)
    needed_s = bounds.leave_s if rival.word == NOTHING else bounds.dwell_s
    if rival.word != word or rival.seen_s < needed_s - _FULL:
        return Hold(held, rival, stamp)
    return Hold(Held(word, rival.since, stamp, rival.sure / rival.looks), None, stamp)


def _credit(gap_s: float) -> float:
    """How much of the time between two looks they show: all of a short time, of a longer one ever less.

    >>> [_credit(gap_s) for gap_s in (0.1, 0.75, 1.25, 3.0)]
    [0.1, 0.75, 0.5, 0.0]
    """
    return gap_s if gap_s <= BRIDGE_S else max(0.0, BRIDGE_S - (gap_s - BRIDGE_S) / 2)


def _faded(hold: Hold, stamp: Stamp, bounds: Bounds) -> Hold:
    """Without what was not seen for too long."""
    held, rival = hold.held, hold.rival
    if held is not None and stamp.since(held.last) > bounds.unknown_s:
        held = None
    if rival is not None and hold.looked is not None and stamp.since(hold.looked) >= 3 * BRIDGE_S:
        rival = None
    return hold if held is hold.held and rival is hold.rival else Hold(held, rival, hold.looked)


def _contended(rival: Rival | None, word: str, sure: float, stamp: Stamp, credit_s: float, bounds: Bounds) -> Rival:
    """The rival after a look that shows `word`, which is not held: it grows, or shrinks, or gives way."""
    if rival is not None and rival.word == word:
        return Rival(word, rival.since, rival.seen_s + credit_s, rival.sure + sure, rival.looks + 1)
    left = _shrunk(rival, credit_s)
    if left is not None:
        return left
    since = stamp.shifted(-bounds.lookback_s) if bounds.lookback_s and word != NOTHING else stamp
    return Rival(word, since, 0.0, sure, 1)


def _shrunk(rival: Rival | None, credit_s: float) -> Rival | None:
    if rival is None or rival.seen_s <= credit_s:
        return None
    return replace(rival, seen_s=rival.seen_s - credit_s)


def told(
    spell: Spell, hold: Hold, track: TrackId, data: Mapping[str, Json] = _NO_DATA
) -> tuple[Spell, tuple[Behaviour, ...]]:
    """The spell with its hold one look on, and what that tells: the end of the old word, the beginning of the new."""
    before, after = spell.hold.held, hold.held
    if before is not None and after is not None and before.word == after.word and before.since == after.since:
        return Spell(hold, spell.told), ()
    if before is after:
        return Spell(hold, spell.told), ()
    ended = over(spell, after.since if after else None)
    if after is None or after.word == NOTHING:
        return Spell(hold), ended
    begun = Behaviour(after.word, track, after.since, None, after.sure, data)
    return Spell(hold, begun), (*ended, begun)


def over(spell: Spell, by: Stamp | None = None) -> tuple[Behaviour, ...]:
    """The end of what was told, as of when it was seen last, and no later than `by`; nothing where nothing was."""
    if spell.told is None or spell.hold.held is None:
        return ()
    last = spell.hold.held.last
    end = by if by is not None and by.mono_ns < last.mono_ns else last
    return (replace(spell.told, end=end, data=_NO_DATA),)
