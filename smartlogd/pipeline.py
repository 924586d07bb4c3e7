"""The river on one page: one frame's way from the lens to the journal."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from smartlogd.base.errors import SmartlogError
from smartlogd.base.geometry import Box
from smartlogd.base.known import Behaviour, Crossing, CrossingLine, Event, Phase, Track, TrackId, Zone
from smartlogd.base.ports import Camera, Detector, Identifier, Ids, Journal, Receipt
from smartlogd.base.seen import Detection, Frame, Glance, Kind
from smartlogd.base.time import Stamp, monotonic_s
from smartlogd.base.who import Recognition, View
from smartlogd.identities import Identities, News
from smartlogd.movement.behaviour import Conduct, behave, finish
from smartlogd.movement.rules import BehaviourRules, Rules
from smartlogd.movement.scene import Scene, step
from smartlogd.movement.vote import VoteRules
from smartlogd.record.compose import compose

MOST_REGIONS = 16
_SMOOTH_S = 2.0
"""Rates and latencies are smoothed over about this long."""
_LOOKS = 300
"""Over so many looks of the models the percentiles are taken."""

Watcher: TypeAlias = Callable[[Frame, Scene, tuple[Event, ...]], None]
"""Someone who looks on: called once a frame, in the frame loop, so it must return at once."""
Listener: TypeAlias = Callable[[tuple[Event, ...]], None]
"""Someone who is told what was learnt after the last frame of a recording."""
Ender: TypeAlias = Callable[[Event], None]
"""Someone who is told of each event that took time when it is over: the event as it was, with its end."""

Forgiver: TypeAlias = Callable[[SmartlogError], bool]
"""Someone who is told that the models failed at a frame, and says whether to go on without that frame."""


class Gate(Protocol):
    """What says whether a frame is worth a model's time."""

    def look(self, frame: Frame) -> Glance:
        """What moved since the frame before."""
        ...


@dataclass(slots=True)
class Tally:
    """What has been counted since the start; outlives a pipeline that is built anew."""

    frames: int = 0
    scans: int = 0
    """Frames that the models looked at; the others were quiet."""
    dropped: int = 0
    """Frames that the lens gave and nobody used: too late, or passed over on purpose while the pace is slow."""
    events: int = 0
    people: int = 0
    """In view now."""
    looks: int = 0
    """Looks at faces that were good enough to tell someone by."""
    fps: float = 0.0
    model_ms: float = 0.0
    first_s: float | None = None
    """When the first frame was through, on the clock of `monotonic_s`."""
    newest_s: float | None = None
    newest: Stamp | None = None
    passings: dict[str, Counter[str]] = field(default_factory=dict)
    """How often each line was passed: {"door": {"I": 3, "O": 2}}."""
    took_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_LOOKS))
    """How long the newest looks of the models took."""

    def look(self, took_s: float) -> None:
        """Note that the models looked at a frame."""
        self.scans += 1
        self.model_ms = _smoothed(self.model_ms, took_s * 1e3, took_s)
        self.took_ms.append(took_s * 1e3)

    def inference_ms(self, share: float) -> float | None:
        """So many milliseconds, or fewer, did this share of the newest looks take; None before the first.

        >>> tally = Tally()
        >>> for n in range(100): tally.look(n / 1000)
        >>> tally.inference_ms(0.5), tally.inference_ms(0.95)
        (50.0, 95.0)
        """
        ordered = sorted(self.took_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None

    def pace(self, now_s: float) -> None:
        """Note that a frame was carried through at `now_s`."""
        self.frames += 1
        if self.newest_s is None:
            self.first_s = now_s
        else:
            self.fps = _smoothed(self.fps, 1 / max(1e-6, now_s - self.newest_s), now_s - self.newest_s)
        self.newest_s = now_s

    def log(self, event: Event) -> None:
        """Note an event."""
        self.events += 1
        if event.type == "crossing":
            self.passings.setdefault(str(event.data["line"]), Counter())[str(event.data["action"])] += 1


class Pipeline:
    """Carries frames from the lens to the journal."""

    def __init__(
        self,
        *,
        camera: Camera,
        gate: Gate,
        detector: Detector,
        ids: Ids,
        journal: Journal,
        lines: tuple[CrossingLine, ...],
        rules: Rules,
        device: str,
        zones: tuple[Zone, ...] = (),
        behaviours: BehaviourRules | None = None,
        identifier: Identifier | None = None,
        votes: VoteRules | None = None,
        heartbeat_s: float = 5.0,
        watchers: tuple[Watcher, ...] = (),
        listeners: tuple[Listener, ...] = (),
        enders: tuple[Ender, ...] = (),
        tally: Tally | None = None,
        forgives: Forgiver | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._camera, self._gate, self._detector = camera, gate, detector
        self._journal, self._device, self._heartbeat_s = journal, device, heartbeat_s
        self._lines, self._rules = lines, rules
        self._zones, self._behaviours = zones, behaviours or BehaviourRules()
        self._watchers, self._listeners, self._enders = watchers, listeners, enders
        self.identities = Identities(ids, votes or VoteRules())
        self._identifier, self._ids = identifier, ids
        self._forgives = forgives or (lambda _: False)
        self._scene, self._conduct = Scene(), Conduct()
        self._open: dict[tuple[str, TrackId, int], Event] = {}
        self._looking = asyncio.Lock()
        self._scanned: Stamp | None = None
        self._newest: Receipt | None = None
        self._frame: Frame | None = None
        self._dropped_before = self.tally.dropped
        self._least_span_s, self._repaced = 0.0, asyncio.Event()

    @property
    def newest_frame(self) -> Frame | None:
        """The newest frame that came, itself and no copy; None before the first, and while the camera is paused."""
        return None if self._camera.status == "paused" else self._frame

    async def run(self) -> None:
        """Carry frames until the camera ends or the task is cancelled.

        Waits for the next frame, its detections, and for room in the journal; never for the disk, nor (but in a
        replay) for a look at a face.
        """
        async for frame in self._camera.frames():
            came_s, self._frame = monotonic_s(), frame
            glance = frame.glance or self._gate.look(frame)
            detections = await self._detections(frame, glance)
            learnt = self._learnt(await self._views(), frame.stamp)
            whom, stamp = self.identities.whom, frame.stamp
            self._scene, passed = step(self._scene, detections, glance, stamp, self._lines, self._rules, whom)
            begun = self._begun(stamp, frame.aspect)
            events = (*self._written(learnt), *begun, *self._written(passed))  # nobody passes before being there
            for watch in self._watchers:
                watch(frame, self._scene, events)
            self._count(frame)
            if self._identifier:
                self._identifier.offer(self._scene.tracks, frame)  # returns at once; looks arrive as views
            await self._journal.room()
            await self._spaced(came_s)
        self._end(self._learnt(await self._views(), None))
        self.leave()

    def leave(self) -> None:
        """Nobody looks any more: whatever takes time is over, as of when it was seen last."""
        self._conduct, ends = finish(self._conduct)
        for end in ends:
            self._told(end)

    def relined(
        self, lines: tuple[CrossingLine, ...], rules: Rules, zones: tuple[Zone, ...], behaviours: BehaviourRules
    ) -> None:
        """Use other lines, zones and rules from the next frame on; tracks live on."""
        self._lines, self._rules, self._zones, self._behaviours = lines, rules, zones, behaviours

    def refitted(self, *, gate: Gate | None = None, heartbeat_s: float | None = None) -> None:
        """Use another motion gate or heartbeat from the next frame on; tracks live on."""
        self._gate = gate or self._gate
        self._heartbeat_s = self._heartbeat_s if heartbeat_s is None else heartbeat_s

    def paced(self, least_span_s: float) -> None:
        """Use fewer frames from now on: at least so many seconds lie between two of them; 0 uses all that come.

        A live camera gives its newest frame when the wait is over, and counts those that came meanwhile as dropped.
        """
        self._least_span_s = least_span_s
        self._repaced.set()

    async def _spaced(self, came_s: float) -> None:
        """Wait until another frame may be used after the one that came at `came_s`."""
        while (left_s := came_s + self._least_span_s - monotonic_s()) > 0:
            self._repaced.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._repaced.wait()

    async def settled(self) -> None:
        """Return once all that was learnt of subjects so far is on disk."""
        if self._newest is not None:
            await self._newest.durable()

    def refilmed(self, camera: Camera) -> None:
        """Take frames from another camera, from the next `run` on; who was in view is lost as behind a pillar."""
        self._dropped_before = self.tally.dropped  # counts go on, though the new camera begins at 0
        self._camera, self._frame = camera, None

    async def redetected(self, detector: Detector) -> Detector:
        """Use another detector from the next frame on; gives back the old one, idle now, to be closed."""
        async with self._looking:
            old, self._detector = self._detector, detector
        return old

    async def _detections(self, frame: Frame, glance: Glance) -> tuple[Detection, ...]:
        """What the models find, or nothing at all when there is no reason to ask them."""
        if not self._is_open(frame.stamp, glance):
            return ()
        self._scanned = frame.stamp
        began_s = monotonic_s()
        try:
            async with self._looking:
                detections = await self._detector.find(frame, _regions(glance, self._scene.tracks))
        except SmartlogError as error:
            if not self._forgives(error):
                raise
            return ()
        self.tally.look(monotonic_s() - began_s)
        return detections

    def _is_open(self, stamp: Stamp, glance: Glance) -> bool:
        """Something moves, someone is tracked, or the last look is a heartbeat ago."""
        if glance.moving > 0 or not self._scene.is_empty or self._scanned is None:
            return True
        return stamp.since(self._scanned) >= self._heartbeat_s

    async def _views(self) -> tuple[View, ...]:
        return await self._identifier.news() if self._identifier else ()

    def _begun(self, stamp: Stamp, aspect: float) -> tuple[Event, ...]:
        """The events of what began in this frame; of what is over, the end is noted."""
        tracks, whom = self._scene.tracks, self.identities.whom
        self._conduct, told = behave(
            self._conduct, tracks, stamp, self._zones, self._behaviours, aspect=aspect, whom=whom
        )
        return tuple(event for behaviour in told if (event := self._told(behaviour)) is not None)

    def _told(self, behaviour: Behaviour) -> Event | None:
        """The event that it makes; None where it is the end of one that was told before."""
        key = (behaviour.what, behaviour.track, behaviour.start.mono_ns)
        before = self._open.pop(key, None)
        if before is not None and behaviour.end is not None:
            self._journal.end(before.id, behaviour.end, behaviour.data)
            over = replace(before, ended=behaviour.end, data={**before.data, **behaviour.data})
            for end in self._enders:
                end(over)
            return None
        (event,) = self._written((behaviour,))
        if behaviour.end is None:
            self._open[key] = event
        return event

    def _learnt(self, views: tuple[View, ...], now: Stamp | None) -> tuple[Behaviour, ...]:
        """What looks at faces told: written to subjects' rows, remembered, and to be told as faces seen."""
        news: News = self.identities.learn(views, self._scene.tracks, now)
        self.tally.looks += len(views)
        for recognition in news.recognitions:
            self._newest = self._journal.learn(recognition)
            self._remember(recognition)
        return news.seen

    def _remember(self, recognition: Recognition) -> None:
        """Know a stranger's face from the next look on, long before its row is written."""
        if self._identifier is None:
            return
        if recognition.person is not None:
            self._identifier.forget((recognition.subject,))
        if recognition.merged_into is not None:
            self._identifier.merged(recognition.subject, recognition.merged_into)
        self._identifier.remember(recognition.templates)

    def _written(self, happenings: Sequence[Behaviour | Crossing]) -> tuple[Event, ...]:
        events = tuple(self._event(happening) for happening in happenings)
        for event in events:
            self._journal.append(event)  # returns at once; the writer commits the group
            self.tally.log(event)
        return events

    def _end(self, happenings: tuple[Behaviour, ...]) -> None:
        """What the last looks tell when no frame comes any more."""
        events = self._written(happenings)
        for listen in self._listeners:
            listen(events)

    def _event(self, happening: Behaviour | Crossing) -> Event:
        being = self.identities.of(happening.track, self._scene.tracks, _stamp(happening))
        return compose(happening, being.subject, self._ids, self._device, being.person)

    def _count(self, frame: Frame) -> None:
        self.tally.pace(monotonic_s())
        self.tally.newest, self.tally.dropped = frame.stamp, self._dropped_before + self._camera.dropped
        confirmed = [track for track in self._scene.tracks if track.phase is Phase.CONFIRMED]
        self.tally.people = sum(track.kind is Kind.PERSON for track in confirmed)


def _stamp(happening: Behaviour | Crossing) -> Stamp:
    return happening.start if isinstance(happening, Behaviour) else happening.stamp


def _regions(glance: Glance, tracks: tuple[Track, ...]) -> tuple[Box, ...]:
    """Where a closer look is worth it: what moved, and who is followed; largest first."""
    boxes = (*glance.regions, *(track.box.clipped() for track in tracks))
    return tuple(sorted((box for box in boxes if box.area > 0), key=lambda box: -box.area)[:MOST_REGIONS])


def _smoothed(old: float, new: float, span_s: float) -> float:
    """An exponential average over about `_SMOOTH_S`, whose first value is taken whole.

    >>> _smoothed(0.0, 10.0, 0.1), _smoothed(10.0, 20.0, 2.0)
    (10.0, 15.0)
    """
    if old == 0.0:
        return new
    weight = span_s / (span_s + _SMOOTH_S)
    return old + weight * (new - old)
