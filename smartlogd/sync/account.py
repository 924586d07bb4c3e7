"""How the sync fares, in numbers and instants, for people and programs to read."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartlogd.base.wire import Verdicts, Waiting

RATE_S = 60.0
"""The rate is that of the last minute."""
_MOST_ENTRIES = 600


@dataclass(slots=True)
class Account:
    """What was sent and what came, since the daemon started."""

    sent: int = 0
    duplicate: int = 0
    rejected: int = 0
    taken: int = 0
    last_verdict: dt.datetime | None = None
    last_pull: dt.datetime | None = None
    waiting: Waiting = field(default_factory=lambda: Waiting(0, 0, None, 0))
    _recent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_MOST_ENTRIES))

    def verdicts(self, verdicts: Verdicts, at: dt.datetime, now_s: float) -> None:
        """Rows were answered."""
        self.sent += len(verdicts.ok)
        self.duplicate += len(verdicts.duplicate)
        self.rejected += len(verdicts.rejected)
        self.last_verdict = at
        self._recent.append((now_s, len(verdicts.ok) + len(verdicts.duplicate)))

    def rate(self, now_s: float) -> float:
        """Rows a second over the last minute, or over what of it there was.

        >>> account = Account()
        >>> account.verdicts(Verdicts(ok=tuple(range(600))), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 100.0)
        >>> account.rate(110.0), account.rate(170.0)
        (60.0, 0.0)
        """
        within = [(at_s, rows) for at_s, rows in self._recent if now_s - at_s < RATE_S]
        if not within:
            return 0.0
        span_s = max(1.0, now_s - within[0][0])
        return round(sum(rows for _, rows in within) / span_s, 1)

    def fields(self, now: dt.datetime, now_s: float) -> Mapping[str, object]:
        """All of it as plain JSON values; ages in seconds, instants as ISO 8601 in UTC."""
        oldest = self.waiting.oldest
        return {
            "waiting": self.waiting.rows,
            "waiting_for_clock": self.waiting.for_clock,
            "oldest_age_s": None if oldest is None else round(max(0.0, (now - oldest).total_seconds()), 1),
            "dead": self.waiting.dead,
            "last_verdict": _iso(self.last_verdict),
            "last_pull": _iso(self.last_pull),
            "rate": self.rate(now_s),
            "sent": self.sent,
            "duplicate": self.duplicate,
            "rejected": self.rejected,
            "taken": self.taken,
        }


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
