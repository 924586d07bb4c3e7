"""Many devices on one centre: what each of them makes is there once, soon, and over few connections.

Every device runs the project's own sync over an outbox in memory, logs in as itself (SCRAM over TLS, the server's
certificate checked), and makes one event in each ten seconds, at any instant of them. They are switched on one after
the other, within some seconds. The server is one of our own, on the same processors. Then they fall silent, and
connections must close; then the server lets in fewer than there are (SQLSTATE 53300), and later all again.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.base.time import SystemClock, cpu_s, monotonic_s
from smartlogd.cli.bench.crowd import Device
from smartlogd.cli.bench.ground import Ground, ground
from smartlogd.sync.options import SyncOptions

if TYPE_CHECKING:
    from smartlogd.sync.yardstick import Ages, Open

EVERY_S = 10.0
SPARE = 100
"""Connections that the server has beyond one for each device."""
_LOOK_S = 1.0
_FULL = ("too many clients", "connection slots")
_PATIENCE_S = 330.0
"""The longest pause of a device after failures is 300 s."""


@dataclass(frozen=True, slots=True)
class Span:
    """How long things last: events, then silence, then a server that lets in only so many devices."""

    busy_s: float = 60.0
    switch_on_s: float = 15.0
    """Within so long all devices are switched on, one after the other; each is busy for `busy_s` from then on."""
    silent_s: float = 60.0
    short_s: float = 20.0
    admitted: int = 50


@dataclass(frozen=True, slots=True)
class Fleet:
    """What became of the events, and of the connections."""

    devices: int
    made: int
    missing: int
    twice: int
    strange: int
    ages: Ages
    most_each: int
    idle_s: float
    connected: int
    fewest: int
    """The fewest that were connected in the silence."""
    turned_away: int
    recovered_s: float
    cpu_s: float
    """Seconds of this process's processor while events came."""

    @property
    def is_exact(self) -> bool:
        """Whether the centre has every event once, and nothing else."""
        return self.missing == self.twice == self.strange == 0


class Watch:
    """Looks at the server now and then, from a thread of its own, and keeps the extremes."""

    def __init__(self, field: Ground) -> None:
        self._field = field
        self.most_each, self.idle_s, self.newest, self.fewest = 0, 0.0, 0, 0

    async def run(self) -> None:
        """Look until cancelled; a server that is not there is looked at later."""
        from smartlogd.sync.yardstick import connected

        while True:
            with contextlib.suppress(ServiceAway):
                self._note(await asyncio.to_thread(connected, self._field.url))
            await asyncio.sleep(_LOOK_S)

    def _note(self, seen: Open) -> None:
        self.newest, self.fewest = seen.devices, min(self.fewest, seen.devices)
        self.most_each, self.idle_s = max(self.most_each, seen.most_each), max(self.idle_s, seen.idle_s)


async def fleet(folder: Path, devices: int, span: Span, said: Callable[[str], None]) -> Fleet:
    """Let so many devices live for that span; `said` is told how it goes."""
    _let_open(4 * devices + 100)
    with ground(None, folder, max_connections=devices + SPARE, track_commit_timestamp="on") as field:
        said(f"enrolling {devices} devices")
        bundles = await asyncio.to_thread(field.enrol, [f"device-{number}" for number in range(1, devices + 1)])
        crowd = tuple(Device(bundle, SyncOptions(), SystemClock()) for bundle in bundles)
        watch = Watch(field)
        runs = (device.run(after_s) for device, after_s in _staggered(crowd, span))
        async with _running([watch.run(), *runs]):
            return await _lived(field, crowd, watch, span, said)


async def _lived(
    field: Ground, crowd: tuple[Device, ...], watch: Watch, span: Span, said: Callable[[str], None]
) -> Fleet:
    from smartlogd.sync import yardstick

    used_s = cpu_s()
    await _busy(crowd, span, watch, said)
    used_s, connected = cpu_s() - used_s, watch.newest
    await _emptied(crowd)
    ages = await asyncio.to_thread(yardstick.ages, field.url)
    said(f"silence for {span.silent_s:.0f} s; {connected} devices are connected")
    watch.fewest = watch.newest
    await asyncio.sleep(span.silent_s)
    silent = watch.fewest
    turned_away, recovered_s = await _shortage(field, crowd, span, said)
    kept = Counter(await asyncio.to_thread(yardstick.event_ids, field.url))
    made = set().union(*(device.made for device in crowd))
    return Fleet(
        devices=len(crowd), made=len(made), missing=len(made - kept.keys()), strange=len(kept.keys() - made),
        twice=sum(1 for times in kept.values() if times > 1), ages=ages, most_each=watch.most_each,
        idle_s=watch.idle_s, connected=connected, fewest=silent, turned_away=turned_away,
        recovered_s=recovered_s, cpu_s=used_s,
    )  # fmt: skip


async def _busy(crowd: tuple[Device, ...], span: Span, watch: Watch, said: Callable[[str], None]) -> None:
    """Let events happen for so long; tells how far it is every ten seconds."""
    living = asyncio.gather(
        *(device.live(span.busy_s, EVERY_S, after_s) for device, after_s in _staggered(crowd, span))
    )
    while not living.done():
        await asyncio.wait({living}, timeout=EVERY_S)
        waiting, made = sum(len(device.outbox) for device in crowd), sum(len(device.made) for device in crowd)
        said(f"{made:,} events, {waiting} of them wait; {watch.newest} of {len(crowd)} devices are connected")
    await living


def _staggered(crowd: tuple[Device, ...], span: Span) -> Iterator[tuple[Device, float]]:
    """Each device, and when it is switched on."""
    return ((device, span.switch_on_s * place / len(crowd)) for place, device in enumerate(crowd))


async def _shortage(
    field: Ground, crowd: tuple[Device, ...], span: Span, said: Callable[[str], None]
) -> tuple[int, float]:
    """Fewer connections than devices, while they make events: how many were turned away; how soon all is well again."""
    if field.own is None or not span.short_s:
        return 0, 0.0
    said(f"the server lets in only {span.admitted} devices now")
    await _restarted(field, span.admitted)
    living = asyncio.gather(*(device.live(span.short_s, EVERY_S) for device in crowd))
    turned_away: set[Device] = set()
    while not living.done():
        await asyncio.wait({living}, timeout=_LOOK_S)
        turned_away.update(device for device in crowd if any(word in device.detail for word in _FULL))
    await living
    said(f"{len(turned_away)} devices were turned away; the server lets in all of them again")
    await _restarted(field, None)
    began_s = monotonic_s()
    await _emptied(crowd)
    return len(turned_away), monotonic_s() - began_s


async def _restarted(field: Ground, admitted: int | None) -> None:
    assert field.own is not None
    await asyncio.to_thread(field.own.stop)
    await asyncio.to_thread(field.own.start, {} if admitted is None else {"max_connections": admitted})


async def _emptied(crowd: Iterable[Device]) -> None:
    """Wait until nothing waits any more; SmartlogError where that takes longer than the longest pause."""
    deadline_s = monotonic_s() + _PATIENCE_S
    while any(len(device.outbox) for device in crowd):
        if monotonic_s() > deadline_s:
            raise SmartlogError("Some devices never got rid of their rows.", "Look at the log of the server.")
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _running(parts: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run these beside the block; one that fails is told of after it."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _let_open(files: int) -> None:
    """Let this process have so many files and sockets open, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
