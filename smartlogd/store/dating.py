"""When a passing happened, as SQL, for a row `s` of `smartlog`: by its stamp, or better where it was learnt later.

A row that was sealed with a clock not trusted keeps its `timestamp` for ever; when its start of the daemon was
corrected afterwards (`boots.zero_at`), it happened at `zero_at + mono_us`.
"""

from __future__ import annotations

CORRECTED = (
    "s.clock_trusted = 0 AND EXISTS"
    " (SELECT 1 FROM boots AS b WHERE b.boot_id = s.boot_id AND b.zero_at + s.mono_us IS NOT NULL)"
)
"""Whether it was learnt later. Of a row with a trusted stamp nothing is looked up."""

AT = (
    "CASE WHEN s.clock_trusted = 0 THEN"
    " coalesce((SELECT b.zero_at + s.mono_us FROM boots AS b WHERE b.boot_id = s.boot_id), s.timestamp)"
    " ELSE s.timestamp END"
)
"""The instant; no index knows it, so a search by time asks for `AS_STAMPED` rows and for those of each boot."""

AS_STAMPED = f"NOT coalesce({CORRECTED}, 0)"
"""Whether the `timestamp` itself is the instant."""
