"""A call on a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from smartlogd.sync.apart import apart


async def test_what_a_call_gives_or_raises_comes_over() -> None:
    assert await apart(lambda: threading.current_thread().name, name="aside") == "aside"

    def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await apart(broken, name="aside")


async def test_whoever_gives_up_waits_no_longer_and_the_call_ends_alone() -> None:
    go, done = threading.Event(), threading.Event()

    def slow() -> None:
        go.wait(10)
        done.set()

    waiting = asyncio.create_task(apart(slow, name="slow"))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    assert await asyncio.to_thread(done.wait, 10)


def test_nobody_is_told_once_the_loop_is_closed() -> None:
    go, ended = threading.Event(), threading.Event()

    def slow() -> None:
        go.wait(10)

    async def left() -> None:
        waiting = asyncio.create_task(apart(slow, name="left behind"))
        await asyncio.sleep(0.02)
        waiting.cancel()

    asyncio.run(left())
    threads = [thread for thread in threading.enumerate() if thread.name == "left behind"]
    go.set()
    for thread in threads:
        thread.join(10)
        ended.set()
    assert ended.is_set()
