"""A call on a thread of its own, which nobody has to wait for: neither whoever gave up, nor the end of the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Gift = TypeVar("Gift")


async def apart(call: Callable[[], Gift], *, name: str) -> Gift:
    """What `call` gives, made on a thread called `name`; cancelled, it goes on alone, and what it gives is dropped."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Gift] = loop.create_future()

    def run() -> None:
        try:
            gift = call()
        except BaseException as error:  # noqa: BLE001 - carried over, and raised where it is waited for
            _settled(loop, done, error=error)
        else:
            _settled(loop, done, gift=gift)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done


def _settled(
    loop: asyncio.AbstractEventLoop,
    done: asyncio.Future[Gift],
    *,
    gift: Gift | None = None,
    error: BaseException | None = None,
) -> None:
    def settle() -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(gift)  # type: ignore[arg-type]  # None where the call gives None

    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle)
