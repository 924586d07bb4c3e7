"""What a running daemon does when it gets on no more: it climbs the ladder, and lies to no watchdog."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.base import files
from smartlogd.base.errors import CameraLost, DiskTrouble, Fate, SmartlogError
from smartlogd.base.time import monotonic_s
from smartlogd.store.trouble import OK
from smartlogd.supervise import first_error
from smartlogd.telemetry.ladder import OWES_NOTHING, Rung, climbed
from smartlogd.telemetry.pulse import why_not

if TYPE_CHECKING:
    from smartlogd.pipeline import Tally
    from smartlogd.river import River
    from smartlogd.settings import Settings
    from smartlogd.store.engine import Store
    from smartlogd.telemetry.options import HealOptions
    from smartlogd.telemetry.systemd import Notifier
    from smartlogd.telemetry.watchdog import HardwareWatchdog

CLIMB_S = 1.0
PULSE_S = 2.0
PROBE_S = 10.0
"""How often the writer is asked whether it still answers."""
FRUITLESS = "fruitless"
"""File in the state folder: how many starts in a row brought no frame. It outlives a boot: a machine whose
camera is gone for good is restarted more and more rarely."""
LATE_FRAMES = 3
"""A frame is overdue once so many could have come ..."""
STALL_S = 5.0
"""... and where cameras may keep silent for longer than this, so much later."""

log = logging.getLogger("smartlogd.healing")


class Healer:
    """Looks every second whether frames come, and every two whether all parts answer; `run` is a task of the daemon.

    Only where systemd would start the daemon again does it ever end it.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        river: River,
        store: Store,
        tally: Tally,
        notifier: Notifier,
    ) -> None:
        self._settings, self._river, self._store, self._tally = settings, river, store, tally
        self._notifier, self._fruitless_file = notifier, store.path.parent / FRUITLESS
        self._fruitless = 0
        self._rung = Rung.NONE
        self._began_s = self._idle_s = self._climbed_s = self._answered_s = monotonic_s()
        self._reason = ""
        self._hardware: HardwareWatchdog | None = None

    @property
    def rung(self) -> str:
        """The rung that is stood on, in a word; empty while all is well."""
        return self._rung.value

    async def run(self) -> None:
        """Climb and pulse until cancelled; CameraLost, fatal, from the rung on which the daemon ends."""
        self._fruitless = await asyncio.to_thread(_counted, self._fruitless_file)
        self._arm()
        fatal: SmartlogError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for part in (self._climb, self._pulse, self._probe):
                    group.create_task(part())
        except* SmartlogError as failures:
            fatal = first_error(failures)
        finally:
            if self._hardware and self._rung is not Rung.HARDWARE:
                self._hardware.stop()
        if fatal is not None:
            raise fatal

    def _arm(self) -> None:
        """Open the machine's watchdog, where one is named; without it the last rung is not there."""
        path = self._settings().telemetry.heal.hardware_watchdog
        if path is None:
            return
        from smartlogd.telemetry.watchdog import HardwareWatchdog

        hardware = HardwareWatchdog(path)
        try:
            hardware.start()  # here and in no thread: cancelled between its start and its being noted, it would bite
        except SmartlogError as error:
            log.error("no hardware watchdog", extra={"what": error.what, "hint": error.hint})
        else:
            self._hardware = hardware

    # The ladder --------------------------------------------------------------------------------------

    async def _climb(self) -> None:
        while True:
            self._climbed_s = monotonic_s()
            await self._stood()
            await asyncio.sleep(CLIMB_S)

    async def _stood(self) -> None:
        """Look once, and go where the ladder says."""
        status, before = self._status(), self._rung
        overdue_s = self._overdue_s()
        if overdue_s == 0.0 and self._tally.frames and self._fruitless:
            self._fruitless = 0
            with contextlib.suppress(OSError):  # a start that is counted too many only makes the next one patient
                await asyncio.to_thread(self._fruitless_file.unlink, missing_ok=True)
        self._rung = climbed(
            before,
            gap_s=overdue_s,
            camera_status=status,
            fruitless=self._fruitless,
            options=self._waits(),
        )
        if self._rung is before:
            return
        if self._rung is Rung.NONE:
            log.warning("frames come again", extra={"rung": before.value})
            return
        log.warning("no frames", extra={"rung": self._rung.value, "gap_s": round(overdue_s, 1), "camera": status})
        await self._do(self._rung, overdue_s)

    async def _do(self, rung: Rung, gap_s: float) -> None:
        if rung is Rung.REBUILD:
            self._river.rebuild()
        if rung is Rung.HARDWARE and self._hardware:
            await self._note_fruitless()
            self._hardware.let_bite()
        if rung is Rung.EXIT and self._notifier.is_heard:
            await self._note_fruitless()
            what = f"No frame came for {gap_s:.0f} s, whatever was tried."
            raise CameraLost(what, "smartlogd ends, and systemd starts it again.", fate=Fate.FATAL)

    async def _note_fruitless(self) -> None:
        with contextlib.suppress(OSError):  # a disk that takes nothing: it is counted anew then
            await asyncio.to_thread(files.place, self._fruitless_file, str(self._fruitless + 1).encode())

    def _waits(self) -> HealOptions:
        """The options, without a watchdog that could not be opened: the daemon must still end for systemd then."""
        heal = self._settings().telemetry.heal
        return heal if self._hardware else heal.model_copy(update={"hardware_watchdog": None})

    def _status(self) -> str:
        camera = self._river.camera
        return camera.status if camera else "opening"

    def _overdue_s(self) -> float:
        """For how long frames have been owed.

        A camera that is paused, or not there yet, owes none; a disk that takes nothing holds them back for a reason.
        """
        now_s = monotonic_s()
        is_excused = self._river.is_paused or self._status() in OWES_NOTHING
        if is_excused or self._store.journal.state.word != OK:
            self._idle_s = now_s
        last_s = max(self._began_s, self._idle_s, self._tally.newest_s or 0.0)
        patience_s = max(LATE_FRAMES * self._river.span_s, self._settings().capture.stall_s - STALL_S)
        return max(0.0, now_s - last_s - patience_s)

    # The pulse ---------------------------------------------------------------------------------------

    async def _pulse(self) -> None:
        """Tell systemd that all is well for as long as it is."""
        while True:
            began_s = monotonic_s()
            await asyncio.sleep(PULSE_S)
            now_s = monotonic_s()
            reason = why_not(
                loop_lag_s=now_s - began_s - PULSE_S,
                frame_age_s=self._overdue_s(),
                camera_status=self._status(),
                is_frame_due=self._tally.frames > 0,
                writer_age_s=now_s - self._answered_s,
                healer_age_s=now_s - self._climbed_s,
            )
            if not reason:
                self._notifier.alive()
            elif reason.partition(" (")[0] != self._reason.partition(" (")[0]:
                log.error("watchdog not told: %s", reason)
            self._reason = reason

    async def _probe(self) -> None:
        """Ask the writer for an answer; a known trouble is one, and only silence is none."""
        while True:
            try:
                await self._store.change(lambda _: None)
                self._answered_s = monotonic_s()
            except DiskTrouble:
                if self._store.journal.state.word != OK:
                    self._answered_s = monotonic_s()
            await asyncio.sleep(PROBE_S)


def _counted(path: Path) -> int:
    """How many starts in a row brought no frame."""
    try:
        found = files.private_bytes(path, 8)
    except OSError:
        return 0
    text = found[0].strip() if found else b""
    return int(text) if text.isdigit() else 0
