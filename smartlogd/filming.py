"""What is kept of what the camera saw, in a running daemon: clips, snapshots and bookmarks, by rule and by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.ids import LiveIds
from smartlogd.base.known import Event, Recording
from smartlogd.base.seen import Frame
from smartlogd.base.time import Clock
from smartlogd.store.shelf import LONGEST_LABEL, LONGEST_NOTE, MOST_LABELS

if TYPE_CHECKING:
    from smartlogd.record.recorder import Recorder
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.store.shelf import StoreShelf


class Filming:
    """The recorder of a running daemon, and what may be asked of it; `run` is a task of the daemon.

    `newest` gives the newest frame, and raises ServiceAway where no lens is open.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        store: Store,
        clock: Clock,
        newest: Callable[[], Frame],
    ) -> None:
        self._store, self._clock, self._newest, self._ids = store, clock, newest, LiveIds()
        self._shelf: StoreShelf = wiring.shelf(store, settings)
        self.recorder: Recorder = wiring.recorder(settings, self._shelf, store, self._ids, clock)

    async def run(self) -> None:
        """Bring together what an earlier start left apart, and cut clips until cancelled."""
        with contextlib.suppress(DiskTrouble):  # the journal says it; the next start tries again
            await self._shelf.recover()
        await self.recorder.run()

    def heard(self, events: tuple[Event, ...]) -> None:
        """Something was heard: there may be a rule for it."""
        self.recorder.tell(events)

    # What is asked -----------------------------------------------------------------------------------

    async def clip(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """Cut a clip around now: {"seconds", "labels"}; what it came to, when it is there."""
        seconds = asked.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise UnusableInput("The clip has no length.", "Ask for seconds: smartlogd clip 10s")
        self._newest()
        return self._told(await self.recorder.clip(float(seconds), labels_of(asked)))

    async def snapshot(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """Keep the newest frame: {"labels", "note"}; also as the one that the broker shows."""
        from smartlogd.record import snapshot

        frame = self._newest()
        labels, note = labels_of(asked), note_of(asked)
        jpeg = await asyncio.to_thread(snapshot.jpeg, frame.pixels)
        recording = await self.recorder.snapshot(frame, labels, note, jpeg=jpeg)
        await asyncio.to_thread(snapshot.placed, self._store.path.parent, jpeg)
        return {**self._told(recording), "bytes": len(jpeg)}

    async def bookmark(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """Note an event of this moment: {"note"}."""
        now, note = self._clock.now(), note_of(asked)
        data = {} if note is None else {"note": note}
        event = Event(self._ids.event("bookmark", None, now), self._store.origin.device, "bookmark", now, data=data)
        receipt = self._store.journal.append(event)
        self.recorder.tell((event,))
        await receipt.durable()
        return {"id": str(event.id), "at": now.utc.isoformat()}

    def _told(self, recording: Recording) -> Mapping[str, object]:
        path = self._store.path.parent / f"{recording.medium.value}s" / f"{recording.id}{recording.suffix}"
        return {
            "id": str(recording.id),
            "path": str(path),
            "start": recording.start.utc.isoformat(),
            "duration_s": round(recording.duration_s, 3),
            "labels": list(recording.labels),
        }


def labels_of(asked: Mapping[str, object]) -> tuple[str, ...]:
    """The labels that were asked for, each once; UnusableInput where they cannot be meant.

    >>> labels_of({"labels": ["dog", "dog", "garden"]})
    ('dog', 'garden')
    """
    found = asked.get("labels") or ()
    if isinstance(found, str) or not isinstance(found, Sequence) or not all(map(_is_label, found)):
        what = f"Labels are words of at most {LONGEST_LABEL} letters."
        raise UnusableInput(what, "Say for example: --label dog")
    labels = tuple(dict.fromkeys(found))
    if len(labels) > MOST_LABELS:
        raise UnusableInput(f"A recording has at most {MOST_LABELS} labels.")
    return labels


def note_of(asked: Mapping[str, object]) -> str | None:
    """What someone wrote about it; UnusableInput where it is no text, or too long."""
    note = asked.get("note")
    if note is None or note == "":
        return None
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise UnusableInput(f"A note is a text of at most {LONGEST_NOTE} letters.")
    return note


def _is_label(label: object) -> bool:
    return isinstance(label, str) and 0 < len(label) <= LONGEST_LABEL and label.isprintable()
