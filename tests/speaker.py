"""A device that speaks MQTT in the test's own process: the real Broker, over a feed whose events stand in a file."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from smartlogd.base.health import Backlog, Body, Command, Heartbeat, LastCrossing, LineToday, Told
from smartlogd.base.time import Stamp
from smartlogd.telemetry.broker import Broker
from smartlogd.telemetry.login import Login
from smartlogd.telemetry.options import MqttOptions

_WIDTH = 64


class FileFeed:
    """Events in a file, each on a line of one width, and a cursor beside it: nothing of them is in memory."""

    def __init__(self, path: Path) -> None:
        self._path, self._cursor = path, path.with_suffix(".cursor")
        path.touch()
        self._seq = int(self._cursor.read_text()) if self._cursor.exists() else 0
        self.passed_over: list[dt.datetime] = []

    @property
    def length(self) -> int:
        """How many events there are."""
        return self._path.stat().st_size // _WIDTH

    def append(self, events: int, at: dt.datetime | None = None, type_: str = "crossing") -> None:
        """So many new events."""
        at = at or dt.datetime.now(dt.UTC)
        with self._path.open("ab") as file:
            for _ in range(events):
                file.write(json.dumps([at.timestamp(), type_]).ljust(_WIDTH - 1).encode() + b"\n")

    async def next(self, most: int) -> tuple[Told, ...]:
        with self._path.open("rb") as file:
            file.seek(self._seq * _WIDTH)
            lines = file.read(most * _WIDTH).splitlines()
        return tuple(self._told(self._seq + place, line) for place, line in enumerate(lines, 1))

    async def told(self, seq: int) -> None:
        assert seq > self._seq, "the cursor never goes back"
        self._seq = seq
        self._cursor.write_text(str(seq))

    async def skip(self, before: dt.datetime) -> int:
        self.passed_over.append(before)
        passed = 0
        while (batch := await self.next(100)) and batch[0].at < before:
            old = [event for event in batch if event.at < before]
            passed += len(old)
            await self.told(old[-1].seq)
        return passed

    async def close(self) -> None:
        """Nothing is open."""

    def _told(self, seq: int, line: bytes) -> Told:
        at, type_ = json.loads(line)
        data: Mapping[str, Any] = {"line": "door", "action": "I" if seq % 2 else "O", "confidence": 0.9}
        instant = dt.datetime.fromtimestamp(at, dt.UTC)
        return Told(seq=seq, event_id=str(UUID(int=seq)), type=type_, at=instant, is_trusted=True, data=data)


class TestClock:
    """The machine's clock, trusted or not as the test says."""

    __test__ = False

    def __init__(self) -> None:
        self.is_trusted = True

    def now(self) -> Stamp:
        return Stamp(time.monotonic_ns(), dt.datetime.now(dt.UTC), self.is_trusted)


@dataclass
class Speaker:
    """A device and what it was asked; `picture`, `outcome` and `heartbeat` may be changed while it runs."""

    options: MqttOptions
    feed: FileFeed
    login: Login = field(default_factory=Login)
    name: str = "door"
    heartbeat_s: float = 30.0
    chance: float = 0.0
    picture: bytes | None = None
    commands: list[Command] = field(default_factory=list)
    outcome: Mapping[str, object] | Exception = field(default_factory=dict)
    hold: asyncio.Event | None = None
    clock: TestClock = field(default_factory=TestClock)
    beats: int = 0

    def __post_init__(self) -> None:
        self.heartbeat = a_heartbeat(self.name, self.clock.now())
        self.broker = Broker(
            self.options,
            self.login,
            device=self.name,
            version="1.2.3",
            feed=self.feed,
            clock=self.clock,
            beat=self._beat,
            heartbeat_s=self.heartbeat_s,
            obey=self._obey,
            picture=lambda: self.picture,
            chance=lambda: self.chance,
        )

    def _beat(self) -> Heartbeat:
        self.beats += 1
        return replace(self.heartbeat, at=self.clock.now())

    async def _obey(self, command: Command) -> Mapping[str, object]:
        self.commands.append(command)
        if self.hold is not None:
            await self.hold.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Broker]:
        """Let it speak, and stop it in the end as the daemon would."""
        task = asyncio.create_task(self.broker.run())
        try:
            yield self.broker
        finally:
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=5)
            assert done, "it does not stop"
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def until(self, word: str, within_s: float = 10.0) -> Mapping[str, object]:
        """Wait for a word in its state."""
        return await until_word(self.broker, word, within_s)


async def until_word(broker: Broker, word: str, within_s: float = 10.0) -> Mapping[str, object]:
    end_s = time.monotonic() + within_s
    while broker.state()["word"] != word:
        assert time.monotonic() < end_s, broker.state()
        await asyncio.sleep(0.01)
    return broker.state()


def options(port: int, **more: Any) -> MqttOptions:
    """Settings for a broker on the loopback that is tried again at once."""
    settings: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": False, "retry_s": 0.05, "retry_roof_s": 0.2}
    return MqttOptions(**{**settings, **more})


def a_heartbeat(device: str, at: Stamp) -> Heartbeat:
    """A device that is well, with one line."""
    return Heartbeat(
        device=device,
        version="1.2.3",
        boot_id="boot",
        at=at,
        uptime_s=12.0,
        state="running",
        camera="demo",
        camera_status="running",
        fps=10.0,
        inference_p50_ms=20.0,
        inference_p95_ms=30.0,
        frame_age_s=0.1,
        frames=100,
        dropped=0,
        events=3,
        people=1,
        lines=(LineToday("door", 2, 1),),
        last_crossing=LastCrossing("an-id", "door", "I", at.utc, None),
        waiting=Backlog(),
        journal="ok",
        body=Body(),
    )
