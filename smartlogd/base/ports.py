"""Doors between rooms: protocols, only where there are two implementations behind one."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from smartlogd.base.geometry import Box
from smartlogd.base.health import Command, Told
from smartlogd.base.known import Event, EventId, Filed, Json, Kept, Recording, SubjectId, Track, TrackId
from smartlogd.base.seen import Detection, Frame, Pixels, Sound
from smartlogd.base.time import Stamp
from smartlogd.base.who import Embedding, Recognition, Template, View
from smartlogd.base.wire import Applied, Page, Parcel, Verdicts, Waiting

Tensor = npt.NDArray[np.generic]


class Camera(Protocol):
    """Light -> Frames. A live camera gives the newest frame and counts what it dropped; a file gives every frame."""

    @property
    def name(self) -> str:
        """How a person would call it: the device, the file, "demo"."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that the lens gave and nobody took."""
        ...

    @property
    def status(self) -> str:
        """One of: opening, running, lost (being opened again), absent (being looked for), paused, ended."""
        ...

    def frames(self) -> AsyncIterator[Frame]:
        """Frames until a file ends or the camera is closed.

        A live camera that is lost is reported in `status` and in the log, opened again with backoff,
        and never ends the iteration; a file that cannot be read raises UnusableInput or Missing.
        """
        ...

    async def pause(self) -> None:
        """Close the lens, within 2 s, and open it no more until `resume`: for privacy. Before `frames` too."""
        ...

    async def resume(self) -> None:
        """Open the lens again; the frames go on in the same iteration."""
        ...

    async def close(self) -> None:
        """Give the lens back, within 2 s, whatever state it is in; a second call does nothing."""
        ...


class Microphone(Protocol):
    """Air -> Sounds."""

    @property
    def name(self) -> str:
        """How a person would call it: the device, or the file."""
        ...

    @property
    def lost(self) -> int:
        """Pieces that the device gave and nobody took, or that its driver lost."""
        ...

    @property
    def status(self) -> str:
        """One of: opening, running, lost (being opened again), paused, ended."""
        ...

    def sounds(self) -> AsyncGenerator[Sound, None]:
        """Pieces of sound until a file ends or the microphone is closed; one that is lost is opened again."""
        ...

    async def pause(self) -> None:
        """Close the device, within 2 s, and open it no more until `resume`: for privacy. Before `sounds` too."""
        ...

    async def resume(self) -> None:
        """Open the device again; the pieces go on in the same iteration."""
        ...

    async def close(self) -> None:
        """Give the device back, within 2 s; a second call does nothing."""
        ...


class Model(Protocol):
    """A neural network: tensors in, tensors out."""

    @property
    def name(self) -> str:
        """Name and version as the registry writes them."""
        ...

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the one input, batch included."""
        ...

    def __call__(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """Run once; the outputs are copies, in the model's own order."""
        ...


class Detector(Protocol):
    """Frame -> Detections."""

    async def find(self, frame: Frame, regions: tuple[Box, ...] = ()) -> tuple[Detection, ...]:
        """What the frame shows; `regions` are places worth a closer look (movement, tracks), largest first."""
        ...

    async def close(self) -> None:
        """End the worker threads; a second call does nothing."""
        ...


class Embedder(Protocol):
    """An aligned face -> a point, near the points of the same person's other faces."""

    @property
    def model(self) -> str:
        """Which network made the point: points of different networks are never compared."""
        ...

    def embed(self, chip: Pixels) -> Embedding:
        """The embedding, float32[128], of one aligned chip, uint8[150, 150, 3] RGB."""
        ...


class Identifier(Protocol):
    """Tracks with faces -> good looks at them, some time later."""

    def offer(self, tracks: tuple[Track, ...], frame: Frame) -> None:
        """Look at the tracks whose faces are worth it, on another thread; returns at once."""
        ...

    async def news(self) -> tuple[View, ...]:
        """The looks that are done. Live this returns at once; in a replay it waits for those that were begun."""
        ...

    def remember(self, templates: Sequence[Template]) -> None:
        """Know these faces from now on."""
        ...

    def forget(self, owners: Collection[UUID]) -> None:
        """Know the faces of these people and strangers no longer."""
        ...

    def merged(self, one: SubjectId, into: SubjectId) -> None:
        """The faces of one stranger are another's."""
        ...

    async def close(self) -> None:
        """End the worker thread; a second call does nothing."""
        ...


class Ids(Protocol):
    """Who mints ids: UUIDv7 when live; in replay derived from the file, so that two runs are equal."""

    def event(self, type_: str, track: TrackId | None, stamp: Stamp) -> EventId:
        """The id of a new event."""
        ...

    def subject(self, track: TrackId, stamp: Stamp) -> SubjectId:
        """The uuid under which a newly confirmed track is known."""
        ...


class Receipt(Protocol):
    """A promise that an event will be on disk."""

    async def durable(self) -> None:
        """Return once the event's rows are committed and synced."""
        ...


class Journal(Protocol):
    """Where events go: the database's one writer, or the printer of a replay."""

    def append(self, event: Event) -> Receipt:
        """Take the event and return at once; never loses it, never waits for a disk."""
        ...

    def end(self, event: EventId, at: Stamp, data: Mapping[str, Json]) -> Receipt:
        """Note that an event that takes time is over, and what else is known of it by then; returns at once."""
        ...

    def learn(self, recognition: Recognition) -> Receipt:
        """Take what was learnt about a subject and return at once; written in order with the events."""
        ...

    async def room(self) -> None:
        """Return when there is room for more events: at once, but when the disk has long been full."""
        ...


class Shelf(Protocol):
    """Where recordings are noted: the event and the row come before the file, and the row follows the file."""

    async def plan(self, recording: Recording) -> str:
        """Note the event of its being saved and its row, in one transaction; the path its file is to have.

        The path is below the state folder, as rows have it. On the disk when this returns. DiskTrouble where it
        cannot be noted: then no file may be written.
        """
        ...

    async def filed(self, recording: EventId, filed: Filed) -> None:
        """Note that its file is there, whole; and in the same transaction, with the events it shows, their place in it.

        An event that has a place in a recording already keeps it.
        """
        ...

    async def lost(self, recording: EventId) -> None:
        """Note that it came to nothing: there is no file, and there will be none."""
        ...


class Media(Protocol):
    """Recordings on their way from the device's disk into the object store, and out of it again.

    A recording's row is sent to the centre once it is `uploaded`, and not before.
    """

    async def next(self, but: Collection[EventId] = ()) -> Kept | None:
        """The oldest recording that is kept here and not uploaded, but none of those; None where there is no other."""
        ...

    async def waits(self, recording: EventId) -> bool:
        """Whether this one is kept here and not uploaded: then parts of it that were sent already are still wanted."""
        ...

    async def going(self, recording: EventId, uri: str) -> bool:
        """Note where its object will be, before there is any; False where it is not kept any more.

        So there is no object that no row names, whenever the device is killed: a row that is lost says what must go.
        """
        ...

    async def uploaded(self, recording: EventId, uri: str, preview: str | None) -> bool:
        """Note that it is in the object store, whole: its `uri` (s3://bucket/key), and the key of its still.

        False where there is no such recording any more (someone was forgotten meanwhile): then its objects must go.
        """
        ...

    async def gone(self, recording: EventId) -> None:
        """Note that its file is not there any more, or is another than was filed: it is lost."""
        ...

    async def unwanted(self, most: int) -> tuple[str, ...]:
        """URIs of recordings that are `lost` and have objects in the store still, which must go; at most so many."""
        ...

    async def erased(self, uri: str) -> None:
        """Note that what was there, and the still beside it, is not there any more."""
        ...


class Actuator(Protocol):
    """What a routine has others do: a dispenser, a robot, someone with a phone."""

    async def act(self, step: Mapping[str, Json], timeout_s: float) -> Mapping[str, Json]:
        """Ask for one step, and wait until someone says how it went: {"result": done | failed | timeout | away}."""
        ...


class Outbox(Protocol):
    """What waits to be sent, in the device's own database."""

    async def take(
        self, most_rows: int, most_bytes: int, *, after: tuple[int, int] | None = None, now_us: int
    ) -> Parcel | None:
        """The most urgent rows, oldest first; None where nothing waits that may be sent.

        `after` is the end of a parcel that is still under way. `now_us` is the monotonic clock: rows stamped by a
        clock not trusted, younger than 15 minutes by it, wait for a better one. One row is sent however large it is.
        """
        ...

    async def settle(self, verdicts: Verdicts, void: Sequence[int] = ()) -> None:
        """Take the verdicts to heart, in one transaction: sent rows go, refused ones become dead letters."""
        ...

    async def waiting(self, *, now_us: int) -> Waiting:
        """How much waits."""
        ...


class Inbox(Protocol):
    """Where what comes down from the centre is kept."""

    async def cursor(self) -> tuple[str | None, int]:
        """The centre that was last asked, and how far what it said was taken."""
        ...

    async def apply(self, page: Page) -> Applied:
        """Take a page into the database, and its cursor with it, in one transaction."""
        ...


class Centre(Protocol):
    """The central database, as a device sees it. Errors: ServiceAway and its kin in `sync`."""

    async def ingest(self, epoch: str, body: str, about: Mapping[str, object]) -> Verdicts:
        """Send items; what the centre says of each."""
        ...

    async def pull(self, cursor: int, most: int) -> Page:
        """What changed after `cursor`, at most so many rows of it."""
        ...

    async def close(self) -> None:
        """Hang up; the next question connects again."""
        ...


class Feed(Protocol):
    """The events of the log, in the order in which they were written, from a place that is remembered."""

    async def next(self, most: int) -> tuple[Told, ...]:
        """At most so many events after the last one that was `told`; empty where there is none yet."""
        ...

    async def told(self, seq: int) -> None:
        """All up to this place were told. It is remembered over restarts, at the latest by `close`."""
        ...

    async def skip(self, before: dt.datetime) -> int:
        """Pass over what is older than this; how many events that were."""
        ...

    async def close(self) -> None:
        """Remember the place and end; a second call does nothing."""
        ...


class Control(Protocol):
    """What the control socket may ask of a running daemon."""

    async def status(self) -> Mapping[str, object]:
        """The daemon's state as plain JSON values."""
        ...

    async def reload(self) -> Mapping[str, object]:
        """Read the settings again; says what changed and what needs a restart."""
        ...

    async def stop(self) -> None:
        """Begin to stop."""
        ...

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Change who people are: one of the changes of people and strangers, by name; gives its outcome."""
        ...

    async def sync(self, what: str) -> Mapping[str, object]:
        """How sending to the centre fares (status), and what to do about it (now, pause, resume)."""
        ...

    async def command(self, command: Command) -> Mapping[str, object]:
        """Do what the command line or the broker asks: pause, resume, snapshot, reload, restart, sync, line."""
        ...
