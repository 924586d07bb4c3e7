"""How the upload fares, in numbers, for people and programs to read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from smartlogd.base.time import Clock


class Tally:
    """What was uploaded since the daemon started, and how far the recording is that is being sent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recordings = self._bytes = self._of = self._sent = 0
        self._last: dt.datetime | None = None
        self.waits = False
        """Whether rows are let go first."""

    @property
    def is_sending(self) -> bool:
        """Whether a recording is being sent."""
        return self._of > 0

    def begun(self, size: int) -> None:
        """A recording of so many bytes is to be sent."""
        self._of, self._sent = size, 0

    def sent(self, so_far: int) -> None:
        """So many of its bytes are there."""
        self._sent = so_far

    def uploaded(self, size: int) -> None:
        """It is there, whole."""
        self._recordings += 1
        self._bytes += size
        self._last = self._clock.now().utc

    def done(self) -> None:
        """Nothing is being sent."""
        self._of = self._sent = 0

    def fields(self) -> Mapping[str, object]:
        """All of it as plain JSON values."""
        return {
            "uploaded": self._recordings,
            "bytes": self._bytes,
            "last_upload": None if self._last is None else self._last.isoformat(timespec="milliseconds"),
            "sending_bytes": self._of,
            "sent_bytes": self._sent,
        }
