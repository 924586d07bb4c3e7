"""What becomes of a part that fails: its error's fate decides, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping

from smartlogd.base.errors import Fate, SmartlogError
from smartlogd.base.time import monotonic_s

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0

log = logging.getLogger("smartlogd.daemon")

Part = Callable[[], Awaitable[object]]


async def supervised(name: str, part: Part, troubles: dict[str, str]) -> None:
    """Run a part; by its error's fate run it again after a pause, go on without it, or let the error end all.

    `troubles` holds the sentence of a part's failure for as long as the part does not run. One that fails again and
    again for the same reason is logged once: it may do so for weeks, and a card takes only so many lines.
    """
    pause_s, said = FIRST_PAUSE_S, ""
    while True:
        began_s = monotonic_s()
        troubles.pop(name, None)
        try:
            await part()
            return
        except SmartlogError as error:
            if error.fate is Fate.FATAL:
                raise
            what = troubles[name] = str(error)
            if what != said:
                log.warning("part failed: %s", error, extra={"part": name, "fate": error.fate.value})
            if error.fate is Fate.DEGRADE:
                return
        said = what
        if monotonic_s() - began_s > LONGEST_PAUSE_S:
            pause_s, said = FIRST_PAUSE_S, ""  # it ran well for a while, so the next trouble is a new one
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def renewed(changed: asyncio.Event, live: Part) -> None:
    """Live one life after the other, each until `changed` is set, for ever; a life may end earlier by itself."""
    while True:
        changed.clear()
        living = asyncio.ensure_future(live())
        waiting = asyncio.ensure_future(changed.wait())
        try:
            await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if living.done():
                await living  # a mistake of ours is raised here
                await waiting
        finally:
            for task in (living, waiting):
                task.cancel()
            await asyncio.gather(living, waiting, return_exceptions=True)


async def within(span_s: float, close: Part, what: str, left_behind: list[str]) -> None:
    """Close a part, but wait no longer than `span_s`; whoever does not close in time is named in `left_behind`."""
    try:
        async with asyncio.timeout(span_s):
            await close()
    except TimeoutError:
        left_behind.append(what)
        log.error("%s did not close in time", what, extra={"waited_s": span_s})


def first_error(failures: BaseExceptionGroup[SmartlogError]) -> SmartlogError:
    """The first error of a group, whatever groups it lies in."""
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, SmartlogError)
    return found


def hear(signals: Mapping[signal.Signals, Callable[[], None]], stack: contextlib.AsyncExitStack) -> None:
    """Call these when the signals come, until `stack` is left."""
    loop = asyncio.get_running_loop()
    for number, action in signals.items():
        loop.add_signal_handler(number, action)
        stack.callback(loop.remove_signal_handler, number)
