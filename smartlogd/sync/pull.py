"""News come down: page after page from where the last one ended, each taken into the database with its cursor."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from smartlogd.base.errors import SmartlogError
from smartlogd.base.ports import Centre, Inbox
from smartlogd.base.time import Clock
from smartlogd.sync.account import Account

log = logging.getLogger("smartlogd.sync")

Told = Callable[[], Awaitable[None]]
Handed = Callable[[bytes], Awaitable[None]]


class Pull:
    """The way down. `on_fleet_key` is handed each wrapped fleet key that is new, before the page that came with it."""

    def __init__(
        self,
        inbox: Inbox,
        centre: Centre,
        page_rows: int,
        *,
        clock: Clock,
        account: Account,
        on_gallery_changed: Told,
        on_fleet_key: Handed,
    ) -> None:
        self._inbox, self._centre, self._page_rows = inbox, centre, page_rows
        self._clock, self._account = clock, account
        self._on_gallery_changed, self._on_fleet_key = on_gallery_changed, on_fleet_key
        self._fleet_key: bytes | None = None
        self._key_trouble: SmartlogError | None = None
        self._is_stale = False

    async def pull(self) -> None:
        """Take all the news there are, then tell once if faces changed; errors as of `Push.push`.

        Where a later page fails, those before it stay taken, and faces that changed are told of.
        """
        try:
            await self._pages()
        finally:
            if self._is_stale:
                await self._on_gallery_changed()
                self._is_stale = False
        self._account.last_pull = self._clock.now().utc

    async def _pages(self) -> None:
        self._key_trouble = None
        known, cursor = await self._inbox.cursor()
        is_last = False
        while not is_last:
            page = await self._centre.pull(cursor, self._page_rows)
            if known is not None and page.centre != known and cursor > 0:
                log.warning("another centre answers: its news are read from the beginning")
                known, cursor = page.centre, 0
                continue
            await self._hand_over(page.fleet_key)
            applied = await self._inbox.apply(page)
            self._is_stale |= applied.gallery_changed
            self._account.taken += applied.taken
            known, cursor, is_last = page.centre, page.cursor, page.is_last
        if self._key_trouble is not None:
            raise self._key_trouble

    async def _hand_over(self, wrapped: bytes | None) -> None:
        """Hand over a fleet key that is new. One that cannot be opened is told after the news.

        Whoever is to be forgotten must be, also where no new face can be opened.
        """
        if wrapped is None or wrapped == self._fleet_key:
            return
        try:
            await self._on_fleet_key(wrapped)
        except SmartlogError as error:
            self._key_trouble = error
            return
        self._fleet_key = wrapped
