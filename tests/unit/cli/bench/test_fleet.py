"""What a fleet's figures say; the fleet itself is tried in tests/services/test_measures.py."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import replace

import pytest

from smartlogd.base.errors import ServiceAway, SmartlogError
from smartlogd.cli.bench import fleet as module
from smartlogd.cli.bench.fleet import Fleet, Watch
from smartlogd.sync import yardstick
from smartlogd.sync.yardstick import Ages, Open

FLEET = Fleet(
    devices=2, made=10, missing=0, twice=0, strange=0, ages=Ages(10, 1.0, 2.0, 3.0), most_each=1, idle_s=30.0,
    connected=2, fewest=0, turned_away=1, recovered_s=4.0, cpu_s=0.1,
)  # fmt: skip


@pytest.mark.parametrize("what", ["missing", "twice", "strange"])
def test_a_fleet_is_exact_when_nothing_is_missing_twice_or_strange(what: str) -> None:
    assert FLEET.is_exact
    assert not replace(FLEET, **{what: 1}).is_exact


async def test_the_watch_keeps_the_extremes_and_looks_again_at_a_server_that_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = [Open(5, 1, 2.0), ServiceAway("away"), Open(3, 2, 1.0), Open(4, 1, 0.0), SmartlogError("that is all")]

    def look(_url: object) -> Open:
        found = seen.pop(0)
        if isinstance(found, SmartlogError):
            raise found
        return found

    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    monkeypatch.setattr(yardstick, "connected", look)
    watch = Watch(type("Field", (), {"url": None})())
    watch.fewest = 100
    with pytest.raises(SmartlogError, match="that is all"):
        await asyncio.wait_for(watch.run(), 5)
    assert (watch.newest, watch.fewest, watch.most_each, watch.idle_s) == (4, 3, 2, 2.0)


def test_many_devices_may_have_their_sockets() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        module._let_open(before[0] + 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert (soft, hard) == (min(before[0] + 1, hard), before[1])
        module._let_open(1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
