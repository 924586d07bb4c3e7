"""What an event costs the card."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartlogd.store.wear import wear


@pytest.mark.parametrize(("events", "burst", "most_kib"), [(60, 1, 64), (1000, 100, 4)])
async def test_an_event_that_is_sent_writes_no_more_than_was_promised(
    tmp_path: Path, events: int, burst: int, most_kib: int
) -> None:
    measured = await wear(tmp_path / "state", events, burst)
    assert 300 < measured.handed_bytes < most_kib * 1024
    assert measured.disk_bytes < most_kib * 1024  # 0 where the disk is memory
    assert measured.transactions == 2 * events / burst, "each burst is one transaction, and settling it another"
    assert measured.syncs_per_s <= 1
