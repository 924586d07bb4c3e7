"""The object store in a running daemon: recordings go there where [sync.media] names a bucket; never a fatal error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import SmartlogError
from smartlogd.supervise import renewed

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.sync.upload import Upload

log = logging.getLogger("smartlogd.sync")


class Locker:
    """The way to the object store; there may be none. `are_rows_sent` says whether rows go to the centre just now."""

    def __init__(self, store: Store, settings: Callable[[], Settings], are_rows_sent: Callable[[], bool]) -> None:
        self._store, self._settings, self._are_rows_sent = store, settings, are_rows_sent
        self._upload: Upload | None = None
        self._trouble: SmartlogError | None = None
        self._anew = asyncio.Event()

    async def run(self) -> None:
        """Upload to the object store there is, or wait for one, until cancelled."""
        await renewed(self._anew, self._live)

    def again(self) -> None:
        """Read the settings and the keys anew, and try at once."""
        self._anew.set()

    def look(self) -> None:
        """There is a new recording."""
        if self._upload is not None:
            self._upload.look()

    def state(self) -> Mapping[str, object]:
        """How it fares, as plain JSON values; `word` is off where recordings stay on this device."""
        if self._upload is not None:
            return self._upload.state()
        return {"word": "refused" if self._trouble else "off", "detail": str(self._trouble or "")}

    async def _live(self) -> None:
        """One object store's time; ends at once where there is none, or it cannot be logged in to."""
        self._upload = self._trouble = None
        settings = self._settings()
        if not settings.sync.media.is_on:
            return
        try:
            self._upload = await asyncio.to_thread(wiring.upload, settings, self._store, self._are_rows_sent)
            await self._upload.run()
        except SmartlogError as error:
            self._trouble = error
            log.error("recordings are not uploaded", extra={"what": error.what, "hint": error.hint})
        finally:
            self._upload = None
