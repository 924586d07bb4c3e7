"""What a measure asks of a server, asked of a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from centre import make_centre

from smartlogd.schema.migrate import reachable
from smartlogd.sync import yardstick
from smartlogd.sync.administrator import one, opened

if TYPE_CHECKING:
    from centre import Centre, Cluster

EVENT = "01968f00-0000-7000-8000-000000000001"


@pytest.fixture
def real(cluster: Cluster) -> Iterator[Centre]:
    """A central database on a real server; the `centre` of this room is a thin one."""
    made = make_centre(cluster)
    yield made
    made.remove()


@pytest.fixture
def logged(real: Centre) -> Centre:
    """A centre with one crossing in its log."""
    device = real.enrol("door").device_id
    real.execute(
        "INSERT INTO events (user_id, type, ts, data, event_id, device_id)"
        " SELECT user_id, 'crossing', now(), '{}', %s, id FROM devices WHERE id = %s", EVENT, device,
    )  # fmt: skip
    real.execute(
        'INSERT INTO smartlog (uuid, action, "timestamp", event_id, device_id, line) SELECT event_id, %s, ts, event_id,'
        " device_id, 'a' || chr(9) || 'b' FROM events", "I",
    )  # fmt: skip
    return real


def test_a_scratch_database_is_gone_afterwards_with_the_logins_in_it(cluster: Cluster) -> None:
    server = reachable(cluster.url())
    with yardstick.scratch(server) as url, opened(url) as connection:
        name = one(connection, "SELECT current_database()")
        connection.execute("CREATE TABLE device_logins (login text)")
        connection.execute("CREATE ROLE smartlog_scratch_login")
        connection.execute("INSERT INTO device_logins VALUES ('smartlog_scratch_login')")
    with opened(server) as connection:
        assert one(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name) is None
        assert one(connection, "SELECT 1 FROM pg_roles WHERE rolname = 'smartlog_scratch_login'") is None


def test_copy_writes_back_what_was_there(logged: Centre) -> None:
    what = "SELECT e.event_id, ts, data, l.line, l.action FROM events AS e JOIN smartlog AS l USING (event_id)"
    before = logged.execute(what)
    copied = yardstick.copy(reachable(logged.url))
    assert (copied.rows, logged.execute(what)) == (2, before)
    assert copied.took_s > 0


def test_empty_takes_all_that_events_leave_behind(logged: Centre) -> None:
    with opened(reachable(logged.url)) as connection:
        assert dict(yardstick.count(connection)) == {"events": 1, "smartlog": 1, "subjects": 0}
        yardstick.empty(connection)
        assert dict(yardstick.count(connection)) == {"events": 0, "smartlog": 0, "subjects": 0}


def test_every_event_is_told_as_often_as_it_is_there(logged: Centre) -> None:
    logged.execute(
        "INSERT INTO late_rows (device_id, event_id, ts, user_id, type, data)"
        " SELECT device_id, event_id, ts, user_id, type, data FROM events"
    )
    assert yardstick.event_ids(reachable(logged.url)) == [UUID(EVENT)] * 2


def test_the_connections_of_devices_are_counted_and_no_others(real: Centre) -> None:
    url = reachable(real.url)
    assert yardstick.connected(url).devices == 0
    first = real.device("door")
    second = real.device("door")
    first.execute("SELECT api.wire()")
    seen = yardstick.connected(url)
    assert (seen.devices, seen.most_each) == (1, 2)
    assert 0 <= seen.idle_s < 60
    second.close()


def test_a_server_says_what_it_is(cluster: Cluster) -> None:
    assert yardstick.server_name(reachable(cluster.url())).startswith("PostgreSQL 1")
