"""A simulated device: its outbox keeps what has no verdict, and what it makes is what a device sends."""

from __future__ import annotations

import asyncio
import json

from smartlogd.base.time import SystemClock
from smartlogd.base.wire import Page, Verdicts
from smartlogd.cli.bench.crowd import Device, Ear, Pocket
from smartlogd.sync.bundle import Bundle
from smartlogd.sync.options import SyncOptions

BUNDLE = Bundle(
    smartlogd=1, device="door", url="postgresql://localhost:1/nowhere?sslmode=disable", login="door",
    secret="a-secret-of-sixteen", fleet_key="AAAA",
)  # fmt: skip


async def test_what_has_no_verdict_stays() -> None:
    pocket = Pocket()
    for number in range(3):
        pocket.put({"kind": "event", "n": number})
    first = await pocket.take(2, 1000, now_us=0)
    assert first is not None
    assert (first.seqs, first.end) == ((1, 2), (1, 2))
    assert [item["seq"] for item in json.loads(first.body)] == [1, 2]
    second = await pocket.take(2, 1000, after=first.end, now_us=0)
    assert second is not None
    assert second.seqs == (3,)
    await pocket.settle(Verdicts(ok=(1,), rejected={3: "no"}))
    assert (len(pocket), pocket.refused, (await pocket.waiting(now_us=0)).rows) == (1, {3: "no"}, 1)
    await pocket.settle(Verdicts(duplicate=(2,)))
    assert await pocket.take(2, 1000, now_us=0) is None


async def test_news_are_heard_once() -> None:
    ear = Ear()
    assert await ear.cursor() == (None, 0)
    centre = "01968f00-0000-7000-8000-000000000001"
    assert (await ear.apply(Page(centre, 7, ({"kind": "user"},), is_last=True))).taken == 1
    assert await ear.cursor() == (centre, 7)


async def test_something_happens_once_in_each_span_of_time() -> None:
    device = Device(BUNDLE, SyncOptions(), SystemClock())
    await asyncio.wait_for(device.live(0.3, 0.1), 5)
    assert len(device.made) == len(device.outbox) == 3
    parcel = await device.outbox.take(10, 1024 * 1024, now_us=0)
    assert parcel is not None
    items = json.loads(parcel.body)
    assert {item["id"] for item in items} == {str(event) for event in device.made}
    assert all(item["type"] == "crossing" and item["trusted"] and item["passing"]["line"] == "door" for item in items)
    assert device.detail == ""
