"""When something that failed is tried again: soon with jitter, or slowly where only a person can mend it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from smartlogd.base.errors import SmartlogError
from smartlogd.sync.backoff import pause_s, slow_s
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.trouble import SyncTrouble

log = logging.getLogger("smartlogd.sync")


class Patience:
    """How often one way, up or down, failed in a row, why, and when it may be gone again."""

    def __init__(self, way: str, options: SyncOptions, chance: Callable[[], float]) -> None:
        self._way, self._options, self._chance = way, options, chance
        self._failures = 0
        self.next_s = 0.0
        self.trouble: SmartlogError | None = None

    def is_over(self, now_s: float) -> bool:
        """Whether it may be tried."""
        return now_s >= self.next_s

    def failed(self, error: SmartlogError, now_s: float) -> None:
        """Wait after a failure; it is logged when it is a new one, since a centre may be away for weeks."""
        if self.trouble is None or self.trouble.what != error.what:
            level = logging.ERROR if _needs_someone(error) else logging.WARNING
            log.log(level, "sync held up: %s", error, extra={"way": self._way, "failures": self._failures + 1})
        self._failures += 1
        self.trouble = error.with_traceback(None)
        error.__cause__ = error.__context__ = None  # kept for its sentence only, not for a batch in one of its frames
        self.next_s = now_s + self._pause_s(error)

    def went_well(self) -> None:
        """Forget the failures."""
        if self.trouble is not None:
            log.info("sync goes on", extra={"way": self._way, "failures": self._failures})
        self._failures, self.next_s, self.trouble = 0, 0.0, None

    def end(self) -> None:
        """Let it be tried at once."""
        self.next_s = 0.0

    def _pause_s(self, error: SmartlogError) -> float:
        if _needs_someone(error):
            return slow_s(self._options.refused_s, self._chance())
        return pause_s(self._failures, self._options.retry_s, self._options.retry_roof_s, self._chance())


def _needs_someone(error: SmartlogError) -> bool:
    return isinstance(error, SyncTrouble) and error.needs_someone
