"""Clips of what happened, and pictures that someone asked for: what is kept, and when.

The recorder looks on at the pipeline. It keeps the last seconds of video in a ring; an event that a rule names asks
for a window around it, which is decided when the window is over, for by then it is clearer who it was. Windows that
overlap become one clip, which is written out of the ring while it goes on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from smartlogd.base.errors import Exit, ServiceAway, SmartlogError, UnusableInput
from smartlogd.base.known import Event, EventId, Filed, Medium, Recording, SubjectId
from smartlogd.base.ports import Ids, Shelf
from smartlogd.base.seen import Frame
from smartlogd.base.time import Clock, monotonic_s
from smartlogd.record import snapshot
from smartlogd.record.film import Film
from smartlogd.record.options import RecordOptions
from smartlogd.record.reel import Desk, Reel
from smartlogd.record.rules import Rule, Wish, is_granted, wishes
from smartlogd.record.window import Window, extended, merged

_LOOK_S = 0.5
"""While a clip is being cut it is looked after this often, and after each new second of video."""
_WAKE_S = 0.2
_SILENT_S = 1.0
"""Without a frame for so long, time is the clock's and no longer the camera's."""
_STOP_S, _GIVE_UP_S = 2.0, 0.5
_MOST_EVENTS = 2048
_MOST_BY_HAND = 4
_MOST_QUEUED = 64
SHORTEST_S = 1.0

log = logging.getLogger("smartlogd.record")


class Recorder:
    """Keeps the ring, cuts clips by rule and by hand, keeps snapshots. Lives in the event loop; writes in threads."""

    def __init__(
        self, options: Callable[[], RecordOptions], shelf: Shelf, folder: Path, ids: Ids, clock: Clock
    ) -> None:
        self._options, self._clock = options, clock
        self._desk = Desk(shelf, folder, ids, self._moments)
        self._film: Film | None = None
        self._seen: RecordOptions | None = None
        self._rules: tuple[Rule, ...] = ()
        self._events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._known: deque[SubjectId | int] = deque(maxlen=_MOST_EVENTS)
        self._wishes: list[Wish] = []
        self._queue: list[Window] = []
        self._reel: Reel | None = None
        self._by_hand: list[Reel] = []
        self._newest_ns, self._came_s, self._woken_ns, self._shown_ns = 0, 0.0, 0, 0
        self._wake = asyncio.Event()
        self.clips = self.snapshots = self.lost = 0

    # What the pipeline tells --------------------------------------------------------------------------

    def watch(self, frame: Frame, scene: object, events: tuple[Event, ...]) -> None:
        """Look on: once a frame, with what happened in it. Returns at once."""
        self._newest_ns, self._came_s = frame.stamp.mono_ns, monotonic_s()
        self._adapt()
        if self._film is None:
            return
        self._film.add(frame)
        self.tell(events)
        if self._is_busy and not 0 <= self._newest_ns - self._woken_ns < _WAKE_S * 1e9:
            self._woken_ns = self._newest_ns
            self._wake.set()

    def tell(self, events: Sequence[Event]) -> None:
        """What happened, also what no frame shows: a sound, a bookmark."""
        for event in events:
            self._note(event, is_end=False)

    def over(self, event: Event) -> None:
        """Something that takes time is over; it was told before."""
        self._note(event, is_end=True)

    def _note(self, event: Event, *, is_end: bool) -> None:
        if event.person is not None:
            self._known.extend(_names(event))
        if self._film is not None and len(self._wishes) < _MOST_EVENTS:
            self._wishes += wishes(self._rules, event, self._events, is_end=is_end)
        self._events.append(event)

    def _adapt(self) -> None:
        """Go by the settings as they are now."""
        options = self._options()
        if options is self._seen:
            return
        self._seen, self._rules = options, options.clip_rules()
        if not options.clips:
            if self._film is not None:
                self._film.close()
                self._film = None
            self._wishes.clear()
        elif self._film is None:
            self._film = Film(options)
        else:
            self._film.adapted(options)

    # What a person asks for ---------------------------------------------------------------------------

    async def clip(self, span_s: float, labels: tuple[str, ...] = ()) -> Recording:
        """Cut a clip of so many seconds around now, and return when it is there.

        It begins `before_s` ago, or half its length, whichever is less. UnusableInput where it is too long or too
        short, ServiceAway where there is no video, DiskTrouble where it cannot be written.
        """
        options = self._options()
        if not SHORTEST_S <= span_s <= options.longest_s:
            what = f"A clip lasts from {SHORTEST_S:g} to {options.longest_s:g} s."
            raise UnusableInput(what, "Ask for such a span: smartlogd clip 10s", code=Exit.USAGE)
        if not options.clips:
            raise ServiceAway("Clips are switched off.", "Set record.clips to true, and: smartlogd reload")
        if self._film is None or self._film.ring.newest is None:
            raise ServiceAway("There is no video yet.", "Look at the camera: smartlogd status")
        if len(self._by_hand) >= _MOST_BY_HAND:
            raise ServiceAway(f"{_MOST_BY_HAND} clips are being cut.", "Wait until they are done.")
        now_ns = self._now_ns()
        start_ns = now_ns - round(min(options.before_s, span_s / 2) * 1e9)
        window = Window(start_ns, start_ns + round(span_s * 1e9), labels)
        reel = Reel(window, self._desk, moment_ns=now_ns)
        self._by_hand.append(reel)
        self._wake.set()
        return await asyncio.shield(reel.outcome)

    async def snapshot(
        self, frame: Frame, labels: tuple[str, ...] = (), note: str | None = None, *, jpeg: bytes | None = None
    ) -> Recording:
        """Keep this frame as a picture, and return when it is there; `jpeg` where it is encoded already.

        DiskTrouble where it cannot be written.
        """
        shelf = self._desk.shelf
        if jpeg is None:
            jpeg = await asyncio.to_thread(snapshot.jpeg, frame.pixels)
        new = self._desk.ids.event("snapshot_saved", None, frame.stamp)
        recording = Recording(new, Medium.SNAPSHOT, frame.stamp, 0.0, ".jpg", labels, note)
        path = await shelf.plan(recording)
        try:
            await asyncio.to_thread(snapshot.kept, self._desk.folder / path, jpeg)
        except SmartlogError:
            self.lost += 1
            await shelf.lost(new)
            raise
        filed = Filed(path, len(jpeg), hashlib.sha256(jpeg).hexdigest(), frame.stamp, 0.0)
        await shelf.filed(new, filed)
        self.snapshots += 1
        return recording

    def state(self) -> Mapping[str, object]:
        """How it fares: who encodes, what the ring takes, how many clips were cut."""
        return {
            "on": self._film is not None,
            **(self._film.state() if self._film else {}),
            "clips": self.clips,
            "snapshots": self.snapshots,
            "lost": self.lost,
            "cutting": len(self._by_hand) + (self._reel is not None),
        }

    # The cutting --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Cut until cancelled; what is being cut then is finished within 2 s, or given up and noted lost."""
        step: asyncio.Future[None] | None = None
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S if self._is_busy else None):
                        await self._wake.wait()
                self._wake.clear()
                step = asyncio.ensure_future(self.step())
                await asyncio.shield(step)
        finally:
            await self._stop(step)

    @property
    def _is_busy(self) -> bool:
        return bool(self._wishes or self._queue or self._reel or self._by_hand)

    async def step(self) -> None:
        """Decide what is due, and write what has come."""
        if self._film is None:
            return
        self._film.gather()
        now_ns = self._now_ns()
        self._decide(now_ns)
        if self._reel is None and self._queue:
            window = self._queue.pop(0)
            self._reel = Reel(window, self._desk, moment_ns=self._moment(window))
        if (reel := self._reel) is not None:
            await reel.advance(self._film.ring, now_ns, may_end=not self._may_grow(reel, now_ns))
            if reel.is_done:
                self._reel = None
                self._close(reel)
        for reel in tuple(self._by_hand):
            await reel.advance(self._film.ring, now_ns)
            if reel.rest is not None:
                self._by_hand.append(Reel(reel.rest, self._desk, moment_ns=reel.rest.start_ns))
                reel.rest = None
            if reel.is_done:
                self._by_hand.remove(reel)
                self._count(reel)

    def _decide(self, now_ns: int) -> None:
        """Grant the wishes whose windows are over, where they still hold."""
        due = [wish for wish in self._wishes if wish.window.end_ns <= now_ns]
        self._wishes = [wish for wish in self._wishes if wish.window.end_ns > now_ns]
        for wish in due:
            if is_granted(wish, is_known=self._is_known(wish.event)):
                self._grant(wish.window)

    def _grant(self, window: Window) -> None:
        longest_ns, rest = round(self._options().longest_s * 1e9), window
        if self._reel is not None and self._reel.window.overlaps(window):
            self._reel.window, left = extended(self._reel.window, window, longest_ns)
            if left is None:
                return
            rest = left
        if window.start_ns < self._shown_ns < window.end_ns:  # a clip that is filed shows the beginning of it
            rest = replace(rest, start_ns=max(rest.start_ns, self._shown_ns))
        self._queue = list(merged((*self._queue, rest), longest_ns))[:_MOST_QUEUED]

    def _may_grow(self, reel: Reel, now_ns: int) -> bool:
        """Whether something that happened, or happens just now, may still make it longer."""
        if reel.window.end_ns - reel.window.start_ns >= round(self._options().longest_s * 1e9):
            return False
        before_s = max((rule.before_s for rule in self._rules), default=0.0)
        is_near = now_ns <= reel.window.end_ns + round(before_s * 1e9)
        return is_near or any(wish.window.overlaps(reel.window) for wish in self._wishes)

    def _is_known(self, event: Event) -> bool:
        return event.person is not None or any(name in self._known for name in _names(event))

    def _close(self, reel: Reel) -> None:
        """What follows from a clip by rule that is done: how far all is shown, and what goes on in another."""
        self._count(reel)
        if reel.outcome.exception() is None:
            self._shown_ns = reel.rest.start_ns if reel.rest else reel.window.end_ns
        if reel.rest is not None:
            self._queue.insert(0, reel.rest)

    def _count(self, reel: Reel) -> None:
        is_lost = reel.outcome.exception() is not None
        self.lost += is_lost
        self.clips += not is_lost

    def _moment(self, window: Window) -> int:
        """What a still of the clip is to show: its cause, where that is still known."""
        return next((event.stamp.mono_ns for event in self._events if event.id == window.cause), window.start_ns)

    def _moments(self, start_ns: int, end_ns: int) -> Mapping[EventId, int]:
        return {event.id: event.stamp.mono_ns for event in self._events if start_ns <= event.stamp.mono_ns <= end_ns}

    def _now_ns(self) -> int:
        """The newest frame's time; the clock's, where no frame comes any more."""
        if monotonic_s() - self._came_s < _SILENT_S:
            return self._newest_ns
        return max(self._newest_ns, self._clock.now().mono_ns)

    async def finish(self) -> None:
        """Cut what is there of everything that was asked for: no frame comes any more."""
        while self._is_busy and self._film is not None:
            self._decide(max((wish.window.end_ns for wish in self._wishes), default=0))
            await self.step()
            for reel in (self._reel, *self._by_hand):
                if reel is not None and not reel.is_done:
                    await reel.end(self._film.ring)

    async def _stop(self, step: asyncio.Future[None] | None) -> None:
        try:
            async with asyncio.timeout(_STOP_S):
                if step is not None:
                    await step
                await self.finish()
        except TimeoutError:
            await self._give_up()
        if self._film is not None:
            await asyncio.to_thread(self._film.close, 0.5)

    async def _give_up(self) -> None:
        """What hangs in a disk is left to the next start, which finds rows without files."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_UP_S):
                for reel in (self._reel, *self._by_hand):
                    if reel is not None and not reel.is_done:
                        await reel.give_up()


def _names(event: Event) -> tuple[SubjectId | int, ...]:
    """By what somebody is told again: the subject, and the track, which may be another subject later."""
    track = event.data.get("track")
    return tuple(name for name in (event.subject, track if isinstance(track, int) else None) if name is not None)
