"""Who is who just now: each track's being, from looks at faces to names, for the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from smartlogd.base.geometry import iou
from smartlogd.base.known import Behaviour, Phase, SubjectId, Track, TrackId
from smartlogd.base.ports import Ids
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition, View, Who
from smartlogd.movement.identity import Being, born, liked_anew, looked_at, merged, recast
from smartlogd.movement.vote import VoteRules

FACE_SEEN = "face_seen"
MOST_BEINGS = 4096
PATIENCE_S = 2.0
"""Someone nobody knows is told of only after this long: a better look may still name them."""
_TWINS = 0.5
"""Two tracks that lie upon each other this much may be one body."""


@dataclass(frozen=True, slots=True)
class News:
    """What looks at faces told: about subjects, and of whom a face was seen."""

    recognitions: tuple[Recognition, ...] = ()
    seen: tuple[Behaviour, ...] = ()


class Identities:
    """The being of each track: minted when first asked for, kept while the track can still be asked for."""

    def __init__(self, ids: Ids, rules: VoteRules, most: int = MOST_BEINGS) -> None:
        self.rules = rules
        self._ids, self._most = ids, most
        self._beings: dict[TrackId, Being] = {}
        self._whom: dict[TrackId, Who] = {}
        self._told: dict[TrackId, Who] = {}
        self._untold: dict[TrackId, View] = {}

    @property
    def whom(self) -> Mapping[TrackId, Who]:
        """Who each track is taken for: a person, a stranger, or someone of its own."""
        return self._whom

    def of(self, track: TrackId, alive: Sequence[Track], stamp: Stamp) -> Being:
        """The being of this track; one that is new is minted at its first stamp, else at `stamp`."""
        if track not in self._beings:
            first = next((other.first for other in alive if other.id == track), stamp)
            self._set(track, born(self._ids.subject(track, first)))
            self._forget(frozenset(other.id for other in alive) | {track})
        return self._beings[track]

    def learn(self, views: Iterable[View], alive: Sequence[Track], now: Stamp | None = None) -> News:
        """Take in what was seen; without `now` it is the end, and nothing is waited for any more."""
        recognitions: list[Recognition] = []
        seen: list[Behaviour] = []
        for look in views:
            view = _caught_up(look, recognitions)
            before = self.of(view.track, alive, view.stamp)
            being, told = looked_at(before, view, self.rules, self._taken(view.track, alive))
            self._set(view.track, being)
            self._merge(told, alive)
            recognitions += told
            if being.born != before.born:
                self._told.pop(view.track, None)
                self._untold.pop(view.track, None)
            seen += self._tell(view, being)
        seen += self._overdue(now, frozenset(track.id for track in alive))
        return News(tuple(recognitions), tuple(seen))

    def _set(self, track: TrackId, being: Being) -> None:
        self._beings[track], self._whom[track] = being, being.who

    def _merge(self, told: Iterable[Recognition], alive: Sequence[Track]) -> None:
        """Let everybody else follow strangers that turned out to be others."""
        for one, into in _mergers(told):
            seen = frozenset(track.id for track in alive)
            for track, being in self._beings.items():
                if track in seen or being.subject in {one, into}:
                    self._set(track, merged(being, one, into))

    def _tell(self, view: View, being: Being) -> tuple[Behaviour, ...]:
        """A face of someone known is told of at once, each time someone turns out to be someone else."""
        if not being.is_recognised:
            if view.track not in self._told:
                self._untold.setdefault(view.track, view)
            return ()
        self._untold.pop(view.track, None)
        if self._told.get(view.track) == being.who:
            return ()
        self._told[view.track] = being.who
        return (_face_seen(view, being),)

    def _overdue(self, now: Stamp | None, alive: frozenset[TrackId]) -> list[Behaviour]:
        """Faces that nobody knows, once there was time to know them, or they are gone."""
        due = [
            view
            for view in self._untold.values()
            if now is None or view.track not in alive or now.since(view.stamp) >= PATIENCE_S
        ]
        for view in due:
            del self._untold[view.track]
            self._told[view.track] = self._beings[view.track].who
        return [_face_seen(view, self._beings[view.track]) for view in due]

    def _taken(self, track: TrackId, alive: Sequence[Track]) -> frozenset[UUID]:
        """Who others in view are: nobody is in two places, but one body may have two tracks for a moment.

        Of someone who may have been taken for another and was not looked at since, nobody knows it.
        """
        mine = next((other for other in alive if other.id == track), None)
        return frozenset(
            who.id
            for other in alive
            if other.id != track and other.phase is Phase.CONFIRMED and other.id in self._beings
            if mine is None or iou(mine.box, other.box) < _TWINS
            for being in (self._beings[other.id],)
            if being.stretch >= other.stretch
            for who in (being.who,)
        )

    @property
    def subjects(self) -> frozenset[SubjectId]:
        """The subjects that rows of these tracks carry from now on."""
        return frozenset(being.subject for being in self._beings.values())

    def recast(self, answers: Mapping[SubjectId, Who]) -> None:
        """Take over who subjects are by now, after someone named, merged or forgot them."""
        for track, being in self._beings.items():
            self._set(track, recast(being, answers))
        self._told = {track: self._beings[track].who for track in self._told if track in self._beings}

    def _forget(self, alive: frozenset[TrackId]) -> None:
        """Drop the oldest that are gone; an id is never given twice, so nobody asks for them again."""
        spare = len(self._beings) - self._most
        for track in [track for track in self._beings if track not in alive][: max(0, spare)]:
            for known in (self._beings, self._whom, self._told, self._untold):
                known.pop(track, None)


def _mergers(told: Iterable[Recognition]) -> Iterator[tuple[SubjectId, SubjectId]]:
    """Which strangers turned out to be which others."""
    return ((each.subject, each.merged_into) for each in told if each.merged_into is not None)


def _caught_up(view: View, told: Iterable[Recognition]) -> View:
    """The look, as if it had been taken after what others of the same moment told."""
    for one, into in _mergers(told):
        view = liked_anew(view, one, into)
    return view


def _face_seen(view: View, being: Being) -> Behaviour:
    return Behaviour(FACE_SEEN, view.track, view.stamp, None, being.belief if being.is_recognised else view.quality)
