from __future__ import annotations

import json
from pathlib import Path

from smartlogd.base.time import SystemClock
from smartlogd.base.wire import Verdicts
from smartlogd.store.backlog import backlog, enqueue_again
from smartlogd.store.outbox import StoreOutbox


async def test_a_backlog_is_real_events_that_wait_for_nothing_but_the_centre(tmp_path: Path) -> None:
    now_us = SystemClock().now().mono_ns // 1000
    async with backlog(tmp_path, 101) as store:
        outbox = StoreOutbox(store)
        parcel = await outbox.take(1000, 1024 * 1024, now_us=now_us)
        assert parcel is not None
        items = json.loads(parcel.body)
        assert len(items) == 101
        assert {item["type"] for item in items} == {"person_entered", "crossing"}
        assert (await outbox.waiting(now_us=now_us)).for_clock == 0
        await outbox.settle(Verdicts(ok=parcel.seqs))
        assert await outbox.take(1000, 1024 * 1024, now_us=now_us) is None

        await enqueue_again(store)
        again = await outbox.take(1000, 1024 * 1024, now_us=now_us)
        assert again is not None
        assert len(again.seqs) == 101
        assert min(again.seqs) > max(parcel.seqs)
        await outbox.close()
