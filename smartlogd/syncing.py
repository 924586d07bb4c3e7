"""The centre in a running daemon: joined where there is an enrolment, and never an error of the daemon.

An enrolment that came, went or changed is taken over when the settings are read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from smartlogd import wiring
from smartlogd.base.errors import Fate, Missing, SmartlogError
from smartlogd.supervise import renewed

if TYPE_CHECKING:
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.sync.runner import Sync

_JOIN = "An administrator makes an enrolment: smartlogd central add-device. Then here: smartlogd sync join FILE"

AGAIN_S = 10.0
"""How soon the centre is thought of again where the log took nothing just now."""

log = logging.getLogger("smartlogd.sync")


class Link:
    """The way to the centre; there may be none."""

    def __init__(
        self, store: Store, settings: Callable[[], Settings], on_gallery_changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._store, self._settings, self._on_gallery_changed = store, settings, on_gallery_changed
        self._sync: Sync | None = None
        self._trouble: SmartlogError | None = None
        self._anew = asyncio.Event()

    async def run(self) -> None:
        """Sync with the centre there is, or wait for one, until cancelled."""
        await renewed(self._anew, self._live)

    def again(self) -> None:
        """Read the enrolment and the options anew."""
        self._anew.set()

    async def fetch(self) -> None:
        """Ask the centre for news soon, where there is one and it is not given time to recover."""
        if self._sync is not None:
            self._sync.fetch()

    def is_sending(self) -> bool:
        """Whether rows go to the centre just now."""
        return self._sync is not None and self._sync.state()["word"] == "sending"

    def state(self) -> Mapping[str, object]:
        """How it fares, as plain JSON values; `word` is off where there is no centre."""
        if self._sync is not None:
            return self._sync.state()
        if self._trouble is None:
            return {"word": "off", "detail": ""}
        return {"word": "trouble" if self._trouble.fate is Fate.RETRY else "refused", "detail": str(self._trouble)}

    async def asked(self, what: str) -> Mapping[str, object]:
        """Answer the control socket: status, now, pause or resume.

        Missing where a centre is needed for it and there is none.
        """
        sync = self._sync
        if sync is None and what == "status":
            return self.state()
        if sync is None:
            raise self._trouble or Missing("This device has joined no centre.", _JOIN)
        answers: Mapping[str, Callable[[], Awaitable[Mapping[str, object]]]] = {
            "status": sync.status,
            "now": sync.now,
            "pause": sync.pause,
            "resume": sync.resume,
        }
        return await answers[what]()

    async def _live(self) -> None:
        """One enrolment's time; ends at once where there is none, or none that can be used."""
        while True:
            if await self._lived():
                return
            await asyncio.sleep(AGAIN_S)

    async def _lived(self) -> bool:
        """The same once; False where it came to nothing only for now: a log that is written slowly."""
        self._sync = self._trouble = None
        settings = self._settings()
        try:
            bundle = await asyncio.to_thread(wiring.bundle, settings)
            await wiring.expected(self._store, has_centre=bundle is not None)
            if bundle is None:
                return True
            await wiring.adopted(self._store, bundle)
            self._sync = await wiring.sync(settings, self._store, bundle, on_gallery_changed=self._on_gallery_changed)
        except SmartlogError as error:
            self._trouble = error
            log.error("no sync with the centre", extra={"what": error.what, "hint": error.hint})
            return error.fate is not Fate.RETRY
        log.info("sync begun", extra={"centre": bundle.address.host, "login": bundle.login})
        try:
            await self._sync.run()
        finally:
            self._sync = None
        return True
