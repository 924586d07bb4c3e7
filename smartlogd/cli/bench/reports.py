"""How long a dashboard waits for the reports over years of a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartlogd.cli.bench.ground import ground

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl
    from smartlogd.sync.years import Span

_HOURLY = "in_out_hourly"


@dataclass(frozen=True, slots=True)
class Reports:
    """Rows of the log, of the counts, on what server; rows and median seconds of each panel, warm."""

    rows: int
    counts: int
    server: str
    panels: Mapping[str, tuple[int, float]]

    @property
    def hourly_s(self) -> float:
        """The slowest panel over `report.in_out_hourly`."""
        return max(took_s for name, (_, took_s) in self.panels.items() if name.startswith(_HOURLY))


def reports(
    folder: Path | None, url: DatabaseUrl | None, span: Span, runs: int, said: Callable[[str], None]
) -> Reports:
    """Make that span of a log, and ask each panel `runs` times."""
    from smartlogd.sync import years
    from smartlogd.sync.yardstick import server_name

    with ground(url, folder) as field:
        counts = years.make(field.url, span, said)
        return Reports(span.rows, counts, server_name(field.url), years.seconds(field.url, runs))
