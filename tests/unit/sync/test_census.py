"""What is counted, on a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from administration import empty_database

from smartlogd.base.errors import UnusableInput
from smartlogd.schema.migrate import upgrade
from smartlogd.sync.administrator import opened
from smartlogd.sync.census import APACHE, FULL, PLAIN, devices, seen

if TYPE_CHECKING:
    from centre import Cluster

OWNER = "INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (gen_random_uuid(), %s, %s, now(), now())"
DEVICE = """
INSERT INTO devices (user_id, name, type, status, capabilities, enabled, epoch, high_seq, last_seen, software_version)
SELECT id, 'door', 'camera', 'online', '[]', true, gen_random_uuid(), 0, now(), '0.3.0' FROM users WHERE role = 'owner'
"""
EVENTS = """
INSERT INTO events (user_id, type, ts, data, event_id, device_id, clock_trusted)
SELECT d.user_id, 'sit', now() - n * interval '1 hour', '{}', gen_random_uuid(), d.id, n > 1
FROM devices AS d, generate_series(1, 5) AS n
"""
COUNTS = """
INSERT INTO counts_hourly (device_id, type, line, hour, count, in_count, out_count)
SELECT id, 'sit', '', date_trunc('hour', now()), 5, 0, 0 FROM devices
"""


def test_devices_and_rows_are_counted(cluster: Cluster) -> None:
    with empty_database(cluster) as url:
        upgrade(url)
        with opened(url) as connection:
            connection.execute(OWNER, ("owner", "owner"))
            connection.execute(OWNER, ("Ada", "member"))
            for statement in (DEVICE, EVENTS, COUNTS):
                connection.execute(statement.encode())
            (door,) = devices(connection)
            found = seen(connection)
    assert (door.name, door.rows, door.clock, door.version, door.login) == ("door", 5, False, "0.3.0", None)
    assert (found.devices, found.people, found.rows, found.late, found.rejects) == (1, 1, 5, 0, 0)
    assert found.edition in {PLAIN, APACHE, FULL}
    assert (found.edition == PLAIN) == (found.timescale is None)
    assert not found.is_shared


def test_a_database_that_is_no_centre_is_not_counted(cluster: Cluster) -> None:
    with empty_database(cluster) as url, opened(url) as connection:
        for ask in (devices, seen):
            with pytest.raises(UnusableInput, match="no centre"):
                ask(connection)
