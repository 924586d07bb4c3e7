"""Fetching: somebody goes out, and comes back within 10 s (pure).

A thrown ball is too small and too quick for our detectors. What can be seen is what comes before and after it. A cue is
an approach, or, for a dog, waiting beside a person (at most its own length away), who may throw. Who then goes out and
is back within `fetch_s` (10 s) of setting out has fetched. After a mere waiting beside somebody the going out must have
been a dash (1.3 times `quick_dog`) and the whole have taken 2.5 s, and a failure is told only of one who dashed out:
walking away is not fetching.

Places are on the ground, in the body's own sizes (`trace`). Out is 2 sizes away from where they set out (or half the
distance to the camera, if that is more), back is within half of that. Who leaves the picture after a cue is out as
well, and is back when seen back there, also on another track that is taken for the same.

|      | cue  | goes | is back          | too late               |
|------|------|------|------------------|------------------------|
| rest | cued |      |                  |                        |
| cued | cued | out  |                  | rest                   |
| out  |      |      | rest, a success  | rest, a failure        |
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from smartlogd.base.known import Behaviour, TrackId
from smartlogd.base.time import Stamp
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.trace import Trace

FETCH_RETURN = "fetch_return"
_NO_TRACK = TrackId(0)
_DASH = 1.3
"""A dash is so many times a quick pace."""
_SKIP_S = 2.5
"""Who was beside somebody and is back sooner has skipped about, and fetched nothing."""


class Cue(enum.Enum):
    """What came before the going out."""

    APPROACH = "approach"
    BESIDE = "beside_person"


class State(enum.Enum):
    """Where somebody is in fetching."""

    REST = "rest"
    CUED = "cued"
    OUT = "out"


LIFE: Mapping[State, Mapping[str, State]] = {
    State.REST: {"cue": State.CUED},
    State.CUED: {"cue": State.CUED, "goes": State.OUT, "late": State.REST},
    State.OUT: {"back": State.REST, "late": State.REST},
}


@dataclass(frozen=True, slots=True)
class Fetch:
    """How far a fetch has come: what cued it, when, from which place, when they set out, and how quickly.

    They set out when they were last near the place, `left_at` from it.
    """

    state: State = State.REST
    cue: Cue = Cue.APPROACH
    cued: Stamp | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    set_out: Stamp | None = None
    left_at: float = 0.0
    track: TrackId = _NO_TRACK
    is_quick: bool = False


def fetched(
    fetch: Fetch, trace: Trace, cue: Cue | None, track: TrackId, quick: float, sure: float, rules: BehaviourRules
) -> tuple[Fetch, tuple[Behaviour, ...]]:
    """The fetch one look on; `cue` is what this look shows that may lead to one, `quick` a pace that is quick."""
    now = trace.now.stamp
    fetch, told = expired(fetch, now, sure, rules)
    if fetch.state is State.OUT:
        back, said = _came_back(fetch, trace, sure, rules)
        return back, (*told, *said)
    fetch = _cued(fetch, trace, cue, track, rules)
    dash = _DASH * quick
    return (fetch if fetch.state is State.REST else _went(fetch, trace, dash, rules)), told


def expired(fetch: Fetch, now: Stamp, sure: float, rules: BehaviourRules) -> tuple[Fetch, tuple[Behaviour, ...]]:
    """The fetch, if it is not too late for it; a quick going out without a return is told as a failure."""
    if fetch.state is State.CUED and fetch.cued is not None and now.since(fetch.cued) > rules.cue_s:
        return Fetch(LIFE[fetch.state]["late"]), ()
    if fetch.state is State.OUT and fetch.set_out is not None and now.since(fetch.set_out) > rules.fetch_s:
        end = fetch.set_out.shifted(rules.fetch_s)
        return Fetch(LIFE[fetch.state]["late"]), _told(fetch, end, sure, has_fetched=False) if fetch.is_quick else ()
    return fetch, ()


def vanished(fetch: Fetch, trace: Trace | None) -> Fetch:
    """The fetch of one who is not seen any more: out, if cued and at the picture's edge."""
    if fetch.state is not State.CUED or trace is None or not (trace.now.is_cut_across or trace.now.is_cut_down):
        return fetch
    return replace(fetch, state=LIFE[fetch.state]["goes"], set_out=fetch.set_out or trace.now.stamp)


def _cued(fetch: Fetch, trace: Trace, cue: Cue | None, track: TrackId, rules: BehaviourRules) -> Fetch:
    """With a new cue, at the place where it was given; a waiting beside somebody takes nothing off an approach.

    Whoever still comes nearer takes the place along.
    """
    is_weaker = fetch.state is State.CUED and fetch.cue is Cue.APPROACH and cue is Cue.BESIDE
    if cue is not None and not is_weaker:
        return Fetch(LIFE[fetch.state]["cue"], cue, trace.now.stamp, trace.now.place, track=track)
    if fetch.state is State.REST or trace.now.place[1] >= fetch.origin[1]:
        return fetch
    return replace(fetch, origin=trace.now.place) if _apart(fetch, trace) < _far(fetch, rules) / 2 else fetch


def _went(fetch: Fetch, trace: Trace, dash: float, rules: BehaviourRules) -> Fetch:
    """Out, if far enough from where the cue was given; else remembers when they were there last."""
    now, apart, far = trace.now.stamp, _apart(fetch, trace), _far(fetch, rules)
    if apart < far / 2:
        return replace(fetch, set_out=now, left_at=apart)
    if apart < far or fetch.set_out is None:
        return fetch
    is_quick = (apart - fetch.left_at) / max(0.1, now.since(fetch.set_out)) >= dash
    if fetch.cue is Cue.BESIDE and not is_quick:
        return Fetch()
    return replace(fetch, state=LIFE[fetch.state]["goes"], is_quick=is_quick)


def _came_back(fetch: Fetch, trace: Trace, sure: float, rules: BehaviourRules) -> tuple[Fetch, tuple[Behaviour, ...]]:
    if _apart(fetch, trace) > _far(fetch, rules) / 2:
        return fetch, ()
    if fetch.cue is Cue.BESIDE and fetch.set_out is not None and trace.now.stamp.since(fetch.set_out) < _SKIP_S:
        return Fetch(LIFE[fetch.state]["back"]), ()
    return Fetch(LIFE[fetch.state]["back"]), _told(fetch, trace.now.stamp, sure, has_fetched=True)


def _told(fetch: Fetch, end: Stamp, sure: float, *, has_fetched: bool) -> tuple[Behaviour, ...]:
    start = fetch.set_out or end
    data = {"success": has_fetched, "cue": fetch.cue.value}
    return (Behaviour(FETCH_RETURN, fetch.track, start, end, sure, data),)


def _apart(fetch: Fetch, trace: Trace) -> float:
    place = trace.now.place
    return math.hypot(place[0] - fetch.origin[0], place[1] - fetch.origin[1])


def _far(fetch: Fetch, rules: BehaviourRules) -> float:
    return max(rules.out_sizes, fetch.origin[1] / 2)
