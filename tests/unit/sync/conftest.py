"""Thin stand-ins for the two ends of the sync, and a clock that leaps: no second is waited for."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import Stamp
from smartlogd.base.wire import Applied, Page, Parcel, Verdicts, Waiting
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.trouble import BadItems, CentreTrouble, TooMuch

Gift = TypeVar("Gift")
CENTRE = "01968f00-0000-7000-8000-000000000001"
BEGAN = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock leaps to the next thing that is due whenever nobody has anything to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1000.0
        patient = self._selector.select
        self._selector.select = lambda timeout=None: patient(0) or self._leap(timeout)

    def time(self) -> float:
        return self._now_s

    def _leap(self, timeout: float | None) -> list[object]:
        assert timeout is not None, "everyone waits for someone else, for ever"
        self._now_s += timeout
        return []


class LeapingClock:
    """The clock of the leaping loop."""

    def now(self) -> Stamp:
        try:
            now_s = asyncio.get_running_loop().time()
        except RuntimeError:
            now_s = 0.0
        return Stamp(round(now_s * 1e9), BEGAN + dt.timedelta(seconds=now_s), True)


@dataclass
class ThinOutbox:
    """An outbox in a list: numbers with their priorities, and what was settled of them."""

    rows: dict[int, int] = field(default_factory=dict)
    dead: dict[int, str] = field(default_factory=dict)
    void: set[int] = field(default_factory=set)
    taken: list[tuple[int, ...]] = field(default_factory=list)
    trouble: SmartlogError | None = None

    def fill(self, *seqs: int, priority: int = 1) -> None:
        self.rows.update(dict.fromkeys(seqs, priority))

    async def take(
        self, most_rows: int, most_bytes: int, *, after: tuple[int, int] | None = None, now_us: int
    ) -> Parcel | None:
        if self.trouble:
            raise self.trouble
        order = sorted((priority, seq) for seq, priority in self.rows.items())
        heads = [head for head in order if after is None or head > after][:most_rows]
        if not heads:
            return None
        seqs = tuple(seq for _, seq in heads if seq not in self.void)
        self.taken.append(seqs)
        gone = tuple(seq for _, seq in heads if seq in self.void)
        return Parcel(json.dumps([{"seq": seq} for seq in seqs]), seqs, heads[-1], gone)

    async def settle(self, verdicts: Verdicts, void: Sequence[int] = ()) -> None:
        self.dead.update(verdicts.rejected)
        for seq in (*verdicts.ok, *verdicts.duplicate, *verdicts.rejected, *void):
            self.rows.pop(seq, None)

    async def waiting(self, *, now_us: int) -> Waiting:
        if self.trouble:
            raise self.trouble
        return Waiting(len(self.rows), 0, BEGAN if self.rows else None, len(self.dead))


@dataclass
class ThinCentre:
    """A centre in a set, which can be told to misbehave."""

    kept: set[int] = field(default_factory=set)
    calls: list[tuple[int, ...]] = field(default_factory=list)
    pulls: list[int] = field(default_factory=list)
    closed: int = 0
    takes_s: float = 0.01
    troubles: list[CentreTrouble | None] = field(default_factory=list)
    lost: int = 0
    bad: set[int] = field(default_factory=set)
    most: int = 10_000
    held: set[int] = field(default_factory=set)
    mute: set[int] = field(default_factory=set)
    broken: bool = False
    pages: dict[int, Page] = field(default_factory=dict)
    pull_trouble: CentreTrouble | None = None

    async def ingest(self, epoch: str, body: str, about: Mapping[str, object]) -> Verdicts:
        await asyncio.sleep(self.takes_s)
        seqs = tuple(item["seq"] for item in json.loads(body))
        self.calls.append(seqs)
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble
        if self.broken or self.bad.intersection(seqs):
            raise BadItems("value out of range")
        if len(seqs) > self.most:
            raise TooMuch("The centre refuses so much at once.")
        fresh = [seq for seq in seqs if seq not in self.kept | self.held | self.mute]
        known = tuple(seq for seq in seqs if seq in self.kept)
        self.kept.update(fresh)
        if self.lost:
            self.lost -= 1
            raise CentreTrouble("The line was cut.")
        return Verdicts(ok=tuple(fresh), duplicate=known, held=tuple(seq for seq in seqs if seq in self.held))

    async def pull(self, cursor: int, most: int) -> Page:
        self.pulls.append(cursor)
        await asyncio.sleep(self.takes_s)
        if self.pull_trouble:
            raise self.pull_trouble
        return self.pages.get(cursor, Page(CENTRE, cursor, (), True))

    async def close(self) -> None:
        self.closed += 1


@dataclass
class ThinInbox:
    """An inbox in a list."""

    centre: str | None = None
    at: int = 0
    pages: list[Page] = field(default_factory=list)
    trouble: SmartlogError | None = None

    async def cursor(self) -> tuple[str | None, int]:
        return self.centre, self.at

    async def apply(self, page: Page) -> Applied:
        if self.trouble:
            raise self.trouble
        self.centre, self.at = page.centre, page.cursor
        self.pages.append(page)
        faces = any(row.get("kind") == "template" for row in page.rows)
        return Applied(len(page.rows), 0, faces)


@pytest.fixture
def live() -> Callable[[Callable[[], Awaitable[Gift]]], Gift]:
    """Live through a story on a loop that leaps over every pause."""

    def lived(story: Callable[[], Awaitable[Gift]]) -> Gift:
        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            return runner.run(story())

    return lived


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
def outbox() -> ThinOutbox:
    return ThinOutbox()


@pytest.fixture
def inbox() -> ThinInbox:
    return ThinInbox()


@pytest.fixture
def centre() -> ThinCentre:
    return ThinCentre()


@pytest.fixture
def options() -> SyncOptions:
    return SyncOptions(gather_s=2, interval_s=60, idle_s=30, pull_beside_s=10)
