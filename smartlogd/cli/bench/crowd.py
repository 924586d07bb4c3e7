"""One of many devices: the project's own sync over an outbox in memory, and something that happens now and then."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import smartlogd
from smartlogd.base.ids import uuid7
from smartlogd.base.time import Clock
from smartlogd.base.wire import NORMAL, WIRE, Applied, Page, Parcel, Verdicts, Waiting
from smartlogd.schema.instants import micros
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.runner import Sync
from smartlogd.sync.timescale import Door, TimescaleCentre

if TYPE_CHECKING:
    from smartlogd.sync.bundle import Bundle


class Pocket:
    """An outbox in memory (`base.ports.Outbox`); what waits is dearer to make than to hand out."""

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}
        self._last = 0
        self.refused: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Mapping[str, object]) -> None:
        """Let an item wait, the newest behind all others."""
        self._last += 1
        self._waiting[self._last] = json.dumps({"seq": self._last, **item})

    async def take(
        self, most_rows: int, most_bytes: int, *, after: tuple[int, int] | None = None, now_us: int
    ) -> Parcel | None:
        """The oldest of what waits; all of it fits."""
        behind = 0 if after is None else after[1]
        seqs = tuple(islice((seq for seq in self._waiting if seq > behind), most_rows))
        if not seqs:
            return None
        return Parcel(f"[{','.join(self._waiting[seq] for seq in seqs)}]", seqs, (NORMAL, seqs[-1]))

    async def settle(self, verdicts: Verdicts, void: Sequence[int] = ()) -> None:
        """Let go of what has a verdict."""
        self.refused.update(verdicts.rejected)
        for seq in (*verdicts.ok, *verdicts.duplicate, *verdicts.rejected, *void):
            self._waiting.pop(seq, None)

    async def waiting(self, *, now_us: int) -> Waiting:
        """How much waits."""
        return Waiting(len(self._waiting), 0, None, len(self.refused))


class Ear:
    """An inbox that only follows (`base.ports.Inbox`)."""

    def __init__(self) -> None:
        self._centre: str | None = None
        self._cursor = 0

    async def cursor(self) -> tuple[str | None, int]:
        """How far it has heard."""
        return self._centre, self._cursor

    async def apply(self, page: Page) -> Applied:
        """Hear a page."""
        self._centre, self._cursor = page.centre, page.cursor
        return Applied(len(page.rows), 0, gallery_changed=False)


class Device:
    """A device: what it made, by `event_id`, and its sync, to be run."""

    def __init__(self, bundle: Bundle, options: SyncOptions, clock: Clock) -> None:
        self.outbox = Pocket()
        self.made: set[UUID] = set()
        self._clock = clock
        self._boot = str(uuid4())
        self.sync = Sync(
            outbox=self.outbox,
            inbox=Ear(),
            centre=TimescaleCentre(Door.of(bundle, options), options, version=smartlogd.__version__),
            options=options,
            clock=clock,
            epoch=str(uuid4()),
            about={"version": smartlogd.__version__, "capabilities": []},
        )

    @property
    def detail(self) -> str:
        """What troubles its sync, as it says it itself; empty where nothing does."""
        return str(self.sync.state()["detail"])

    async def run(self, after_s: float) -> None:
        """Be switched on after so long, and sync until cancelled."""
        await asyncio.sleep(after_s)
        await self.sync.run()

    async def live(self, span_s: float, every_s: float, after_s: float = 0.0) -> None:
        """Let something happen once in each `every_s`, at any instant of it, for `span_s`; begin after so long."""
        await asyncio.sleep(after_s)
        for _ in range(round(span_s / every_s)):
            at_s = random.random() * every_s  # noqa: S311 - chance, not secrecy
            await asyncio.sleep(at_s)
            self._happen()
            await asyncio.sleep(every_s - at_s)

    def _happen(self) -> None:
        """Someone passes the line."""
        at = self._clock.now()
        event, subject = uuid7(at), uuid7(at)
        self.made.add(event)
        self.outbox.put(
            {
                "kind": "event", "v": WIRE, "id": str(event), "type": "crossing", "ts": micros(at.utc),
                "data": {"track": len(self.made), "x": 0.5, "y": 0.6}, "video_ts_ms": None, "subject": str(subject),
                "person": None, "ended": None, "boot": self._boot, "mono": at.mono_ns // 1000, "trusted": True,
                "passing": {
                    "line": "door", "action": random.choice("IO"), "confidence": 0.9,  # noqa: S311 - as above
                    "track": len(self.made), "image": None,
                },
            }
        )  # fmt: skip
