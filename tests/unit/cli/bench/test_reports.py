"""Which panel counts; the measure itself is tried in tests/services/test_measures.py."""

from __future__ import annotations

from smartlogd.cli.bench.reports import Reports


def test_the_slowest_panel_over_the_hourly_report_counts_and_no_other() -> None:
    panels = {"in_out_hourly, a day": (24, 0.01), "in_out_hourly, all": (9, 0.05), "who_is_in": (3, 9.0)}
    assert Reports(1000, 100, "PostgreSQL 15", panels).hourly_s == 0.05
