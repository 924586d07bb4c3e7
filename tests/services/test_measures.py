"""The measures of sending, short: that they measure what they say, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from smartlogd.base.errors import Missing
from smartlogd.cli.bench.commands import app
from smartlogd.cli.bench.drain import drain
from smartlogd.cli.bench.fleet import Span, fleet
from smartlogd.cli.bench.reports import reports
from smartlogd.cli.bench.server import found
from smartlogd.schema.migrate import reachable
from smartlogd.sync import years

if TYPE_CHECKING:
    from centre import Cluster

pytestmark = pytest.mark.services


async def test_a_backlog_is_drained_and_copied_to_the_last_row(cluster: Cluster, tmp_path: Path) -> None:
    said: list[str] = []
    measured = await drain(tmp_path, reachable(cluster.url()), 3000, 2, said.append)
    assert (measured.rows, measured.at_centre) == (3000, 6000)
    assert measured.ratio > 0.02  # 0.25 is asked of 200,000 rows on a quiet machine; tests share theirs
    assert len(measured.drained_s) == len(measured.copied_s) == 2
    assert said[-1].startswith("round 2 of 2")
    assert list(tmp_path.iterdir()) == []


async def test_every_event_of_a_fleet_is_there_once_whatever_the_server_admits() -> None:
    try:
        found()
    except Missing:
        pytest.skip("needs PostgreSQL 15 or newer (apt install postgresql)")
    said: list[str] = []
    span = Span(busy_s=10, switch_on_s=2, silent_s=0, short_s=10, admitted=12)
    measured = await asyncio.wait_for(fleet(None, 25, span, said.append), 240)
    assert (measured.made, measured.missing, measured.twice, measured.strange) == (50, 0, 0, 0)
    assert measured.ages.rows == 25
    assert 0 < measured.ages.p50_s <= measured.ages.p99_s <= measured.ages.highest_s < 60
    assert measured.most_each == 1
    assert 10 <= measured.connected <= 25
    assert measured.turned_away > 0, "nine connections beside those kept for superusers, for 25 devices"


def test_the_reports_over_a_hundred_thousand_rows_are_quick(cluster: Cluster) -> None:
    measured = reports(None, reachable(cluster.url()), years.Span(100_000, 4, 60), 3, lambda _: None)
    assert measured.counts == pytest.approx(4 * 2 * 60 * 24, rel=0.1)
    assert measured.hourly_s < 1.0  # 0.1 is asked of ten million rows on a quiet machine
    assert measured.server.startswith("PostgreSQL")


def test_the_command_tells_its_figures_as_json(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", cluster.url())
    done = CliRunner().invoke(app, ["drain", "--rows", "200", "--runs", "1", "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)
    assert (told["what"], told["rows"], told["rows_at_centre"], told["wanted"]) == ("drain", 200, 400, 0.25)
    assert told["ratio"] == pytest.approx(told["copy_s"][0] / told["drain_s"][0], rel=0.2)
