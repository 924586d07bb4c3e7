"""Changes of people and strangers: asked of the running daemon, or made here where none runs."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from smartlogd.base.time import Clock, SystemClock, monotonic_s
from smartlogd.control import NobodyAnswers, ask
from smartlogd.store.changes import understood
from smartlogd.store.lock import FolderTaken

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store

Result = TypeVar("Result")

COMES_S = 5.0
"""How long a daemon that holds the folder, but does not listen yet (or any more), is waited for."""
_PAUSE_S = 0.1
ANSWER_S = 60.0
"""How long a change may take: an old database on a slow card, searched for everything of one person."""

log = logging.getLogger("smartlogd.control")


async def change(
    store: Store,
    what: str,
    arguments: Mapping[str, object],
    *,
    clock: Clock,
    refresh: Callable[[], Awaitable[object]],
) -> Mapping[str, object]:
    """The daemon's side: make the change through the one writer, then let the gallery be read anew; what to tell.

    `refresh` is awaited when faces came, went, or are someone else's now, before the answer is given: whoever asked
    may rely on it that the next look knows.
    """
    from smartlogd.store.changes import applied, settled
    from smartlogd.store.outcome import Work

    asked, at = understood(what, arguments), clock.now()
    folder, keys = store.path.parent, store.keys
    outcome = await store.change(
        lambda connection: applied(asked, Work(connection, keys, folder, at, store.origin.boot_id)), scrub=asked.erases
    )
    told = await asyncio.to_thread(settled, outcome, keys)
    if outcome.gallery_changed:
        await refresh()
    log.info("change made", extra={"what": what})
    return told


def changed(settings: Settings, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """The command line's side: the daemon makes the change; where none runs, it is made here; what to tell.

    UnusableInput for a change that cannot be meant, before anyone is asked.
    """
    from smartlogd.store.alone import changed_alone

    asked, folders = understood(what, arguments), settings.folders()
    return by_either(
        lambda: ask(folders.socket, "change", answer_s=ANSWER_S, what=what, arguments=dict(arguments)),
        lambda: changed_alone(folders.state, asked, SystemClock()),
    )


def by_either(by_daemon: Callable[[], Result], alone: Callable[[], Result]) -> Result:
    """What the daemon gives; where none runs, what is done here `alone`, with the folder's lock.

    A daemon that holds the folder and does not listen yet, or any more, is waited for.
    """
    end_s = monotonic_s() + COMES_S
    while True:
        try:
            return by_daemon()
        except NobodyAnswers:
            pass
        try:
            return alone()
        except FolderTaken:
            if monotonic_s() > end_s:
                raise
        threading.Event().wait(_PAUSE_S)
