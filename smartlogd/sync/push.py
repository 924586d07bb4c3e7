"""Rows go up: parcel after parcel, each deleted here only after the centre gave its verdict on it.

While one parcel is under way the next is read, and the verdicts on the one before are written, so that network, centre
and card work at the same time. A parcel whose answer was lost is sent again whole: what came twice is a duplicate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from smartlogd.base.ports import Centre, Outbox
from smartlogd.base.time import Clock
from smartlogd.base.wire import Parcel, Verdicts
from smartlogd.sync.account import Account
from smartlogd.sync.batch import BatchSize
from smartlogd.sync.hold import Hold
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.parcel import halves, together, without
from smartlogd.sync.trouble import BadItems, CentreAway, CentreDiffers, TooMuch
from smartlogd.sync.verdict import concerning

End = tuple[int, int]

log = logging.getLogger("smartlogd.sync")


class Push:
    """The way up."""

    def __init__(
        self,
        outbox: Outbox,
        centre: Centre,
        options: SyncOptions,
        *,
        clock: Clock,
        epoch: str,
        about: Mapping[str, object],
        account: Account,
    ) -> None:
        self._outbox, self._centre, self._options = outbox, centre, options
        self._clock, self._epoch, self._about, self._account = clock, epoch, about, account
        least, most = options.batch_rows_least, options.batch_rows_most
        self._size = BatchSize(min(most, max(least, 200)), least, most, options.round_trip_s)
        self.hold = Hold(options.refused_s)
        self._past: End | None = None
        self._whole_s = 0.0

    async def push(self, is_enough: Callable[[], bool]) -> bool:
        """Send what waits; gives whether all of it was sent, rather than `is_enough` said.

        CentreTrouble where the centre cannot take it, DiskTrouble where this device cannot read or write its own.
        """
        settling: asyncio.Task[None] | None = None
        taking: asyncio.Task[Parcel | None] | None = None
        try:
            parcel = await self._taken(self._begin())
            while parcel is not None:
                taking = asyncio.create_task(self._taken(parcel.end), name="sync: take")
                verdicts = await self._delivered(parcel)
                if settling is not None:
                    await settling
                settling = asyncio.create_task(self._settled(parcel, verdicts), name="sync: settle")
                self._past = parcel.end
                parcel = await taking
                if is_enough():
                    return parcel is None
            return True
        except asyncio.CancelledError:
            if settling is not None:
                settling.cancel()  # a stop waits for no disk; the rows are sent once more, as duplicates
            raise
        finally:
            try:
                await _over(taking)
            except asyncio.CancelledError:
                if settling is not None:
                    settling.cancel()  # likewise, where the stop comes in the middle of giving up
                raise
            finally:
                if settling is not None:
                    await settling

    def _begin(self) -> End | None:
        """Where to begin: at the front; but behind rows that are held, save every so often."""
        now_s = _now_s()
        if self.hold and self._past is not None and now_s < self._whole_s:
            return self._past
        self._whole_s = now_s + self._options.interval_s
        return None

    async def _taken(self, after: End | None) -> Parcel | None:
        """The next parcel that has anything in it to be sent or to be struck out."""
        most_bytes = self._options.batch_kib * 1024
        while True:
            now_us = self._clock.now().mono_ns // 1000
            parcel = await self._outbox.take(self._size.rows, most_bytes, after=after, now_us=now_us)
            if parcel is None:
                return None
            parcel = without(parcel, self.hold.left_out(parcel.seqs, _now_s()))
            if parcel.seqs or parcel.void:
                return parcel
            after = self._past = parcel.end

    async def _settled(self, parcel: Parcel, verdicts: Verdicts) -> None:
        """Write down what the centre said; the row goes, here, only now."""
        await self._outbox.settle(verdicts, parcel.void)
        settled = (*verdicts.ok, *verdicts.duplicate, *verdicts.rejected)
        self.hold.answered(parcel.seqs, settled, _now_s())
        if verdicts.rejected:
            log.warning("rows refused for good", extra={"rows": len(verdicts.rejected), "of": len(parcel.seqs)})
        log.debug("batch settled", extra={"rows": len(settled), "held": len(verdicts.held)})

    async def _delivered(self, parcel: Parcel) -> Verdicts:
        """The centre's verdicts on a parcel, whole or, where the centre chokes on it, in ever smaller parts."""
        if not parcel.seqs:
            return Verdicts()
        try:
            return await self._sent(parcel)
        except (BadItems, TooMuch) as error:
            if isinstance(error, TooMuch):
                self._size = self._size.too_much()
            await self._must_be_the_rows()
        return await self._in_parts(parcel)

    async def _in_parts(self, parcel: Parcel) -> Verdicts:
        try:
            return await self._sent(parcel)
        except (BadItems, TooMuch) as error:
            if len(parcel.seqs) == 1:
                return Verdicts(rejected={parcel.seqs[0]: error.what})
        one, other = halves(parcel)
        return together(await self._in_parts(one), await self._in_parts(other))

    async def _must_be_the_rows(self) -> None:
        """Make sure that the centre takes nothing at all when asked to: else it is the centre that is broken.

        A centre whose function fails on every batch would otherwise have every row declared dead.
        """
        try:
            await self._centre.ingest(self._epoch, "[]", self._about)
        except BadItems as error:
            what = f"The centre takes no batch at all ({error.what})."
            raise CentreDiffers(what, "Bring the centre up to date: smartlogd central upgrade") from error

    async def _sent(self, parcel: Parcel) -> Verdicts:
        """One round trip."""
        began_s = _now_s()
        try:
            answer = await self._centre.ingest(self._epoch, parcel.body, self._about)
        except CentreAway:
            self._size = self._size.after_failure()
            raise
        now_s, verdicts = _now_s(), concerning(answer, frozenset(parcel.seqs))
        self._size = self._size.after(len(parcel.seqs), now_s - began_s)
        self._account.verdicts(verdicts, self._clock.now().utc, now_s)
        return verdicts


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _over(task: asyncio.Task[Parcel | None] | None) -> None:
    """Let go of a parcel that was being read and is not wanted any more."""
    if task is not None and not task.done():
        task.cancel()
    if task is not None:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whatever it was, the next round meets it again
