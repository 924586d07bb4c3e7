"""A made-up log is as one that devices had sent: the counts agree with the rows, and the indexes stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from centre import make_centre

from smartlogd.schema.migrate import reachable
from smartlogd.sync import years

if TYPE_CHECKING:
    from centre import Centre, Cluster

INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename IN ('events', 'smartlog') ORDER BY 1"


@pytest.fixture
def real(cluster: Cluster) -> Iterator[Centre]:
    """A central database on a real server; the `centre` of this room is a thin one."""
    made = make_centre(cluster)
    yield made
    made.remove()


def test_the_rows_are_made_and_counted_and_the_indexes_stand_as_before(
    real: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(years, "STEP", 300)
    before, said = real.execute(INDEXES), []
    counts = years.make(reachable(real.url), years.Span(1000, 3, 20), said.append)
    assert real.execute(INDEXES) == before
    assert real.execute("SELECT count(*), count(DISTINCT event_id), count(DISTINCT device_id) FROM events") == [
        (1000, 1000, 3)
    ]
    assert real.execute("SELECT count(*), sum(in_count) + sum(out_count), sum(count) FROM counts_hourly") == [
        (counts, 1000, 1000)
    ]
    assert real.execute("SELECT count(*) FROM smartlog AS l JOIN events AS e USING (device_id, event_id)") == [(1000,)]
    assert real.execute("SELECT count(DISTINCT user_id) > 10 FROM smartlog") == [(True,)]
    assert said[0] == "300 of 1,000 passings are made"


def test_every_panel_has_something_to_show(real: Centre) -> None:
    url = reachable(real.url)
    years.make(url, years.Span(2000, 2, 10), lambda _: None)
    panels = years.seconds(url, runs=1)
    assert panels.keys() == years.PANELS.keys()
    assert [name for name, (rows, took_s) in panels.items() if not rows or took_s <= 0] == []
