"""What runs side by side in a session ends together, for the right reason."""

from __future__ import annotations

import asyncio

import pytest

from smartlogd.telemetry.session import _together
from smartlogd.telemetry.trouble import BrokerAway


async def fails(error: Exception, gate: asyncio.Event | None = None) -> None:
    if gate is not None:
        await gate.wait()
    raise error


async def lasts(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def test_the_first_that_fails_ends_the_others() -> None:
    ended: list[str] = []
    with pytest.raises(BrokerAway, match="gone"):
        await _together(lasts(ended), fails(BrokerAway("gone")), lasts(ended))
    assert ended == ["ended", "ended"]


async def test_a_mistake_of_ours_comes_before_the_end_of_the_connection() -> None:
    with pytest.raises(KeyError):
        await _together(fails(BrokerAway("gone")), fails(KeyError("ours")))


async def test_a_stop_is_a_stop_also_when_the_connection_ends_at_the_same_instant() -> None:
    gate, ended = asyncio.Event(), list[str]()
    task = asyncio.create_task(_together(fails(BrokerAway("gone"), gate), lasts(ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gate.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]
