"""A recorded clip through the whole river, every frame of it, as fast as it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from smartlogd import wiring
from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import Event, EventId, Json, Phase, TrackId
from smartlogd.base.ports import Journal, Receipt
from smartlogd.base.seen import Frame
from smartlogd.base.time import Stamp
from smartlogd.base.who import Recognition
from smartlogd.capture.stream import FileCamera, footage_sha256
from smartlogd.identify.identifier import FaceIdentifier
from smartlogd.movement.scene import Scene
from smartlogd.pipeline import Ender, Listener, Watcher
from smartlogd.record.draw import LineCount
from smartlogd.settings import Settings


class Account:
    """What a clip came to: frames, seconds of video, believed tracks, and passings of each line.

    Everything follows from the footage, so that two replays of a clip give equal accounts.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.frames = 0
        self.dropped = 0
        self._lines = lines
        self._newest_s = 0.0
        self._step_s = 0.0
        self._tracks: set[TrackId] = set()
        self._passed: Counter[tuple[str, str]] = Counter()

    def __call__(self, frame: Frame, scene: Scene, events: tuple[Event, ...]) -> None:
        """Note one frame; the pipeline calls this."""
        t_s = frame.stamp.mono_ns / 1e9
        if self.frames:
            self._step_s = t_s - self._newest_s
        self.frames += 1
        self._newest_s = t_s
        self._tracks.update(track.id for track in scene.tracks if track.phase is Phase.CONFIRMED)
        self._passed.update(
            (str(event.data["line"]), str(event.data["action"])) for event in events if event.type == "crossing"
        )

    @property
    def seconds(self) -> float:
        """How long the video plays: to its last frame, which is shown as long as the one before it."""
        return self._newest_s + self._step_s

    @property
    def fps(self) -> float:
        """Frames a second of video; 0 for a single picture."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def tracks(self) -> int:
        """How many were seen well enough to be believed."""
        return len(self._tracks)

    def counts(self) -> tuple[LineCount, ...]:
        """The passings of each line so far, in the order of the lines."""
        return tuple(LineCount(name, self._passed[name, "I"], self._passed[name, "O"]) for name in self._lines)


class Unkept:
    """A journal that keeps nothing, for replays without a database; its own receipt, durable at once."""

    def append(self, event: Event) -> Receipt:
        """Let the event go by: whoever looks on has seen it."""
        return self

    def end(self, event: EventId, at: Stamp, data: Mapping[str, Json]) -> Receipt:
        """Let it go by as well."""
        return self

    def learn(self, recognition: Recognition) -> Receipt:
        """Let it go by as well."""
        return self

    async def room(self) -> None:
        """Return at once: there is always room."""

    async def durable(self) -> None:
        """Return at once: nothing was promised to a disk."""


async def play(
    path: Path,
    settings: Settings,
    *,
    account: Account | None = None,
    journal: Journal | None = None,
    identifier: FaceIdentifier | None = None,
    watchers: tuple[Watcher, ...] = (),
    listeners: tuple[Listener, ...] = (),
    enders: tuple[Ender, ...] = (),
) -> Account:
    """Carry every frame of the clip through the pipeline; `watchers` look on after the account was made up.

    Nobody is recognised without an `identifier`, which is closed at the end. Raises Missing or UnusableInput for
    footage that cannot be read and for models that are not there.
    """
    names = tuple(line.name for line in settings.movement.crossing_lines())
    account = account or Account(names)
    ids = ReplayIds(footage_sha256(path))
    camera, detector = FileCamera(path, gate=wiring.gate(settings)), wiring.detector(settings)
    try:
        pipeline = wiring.pipeline(
            settings,
            camera=camera,
            detector=detector,
            ids=ids,
            journal=journal or Unkept(),
            identifier=identifier,
            watchers=(account, *watchers),
            listeners=listeners,
            enders=enders,
        )
        await pipeline.run()
    finally:
        await camera.close()
        await detector.close()
        if identifier is not None:
            await identifier.close()
    account.dropped = camera.dropped
    return account
