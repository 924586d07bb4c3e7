"""The ground of a measure is a real centre, and is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartlogd.cli.bench.ground import ground
from smartlogd.schema.migrate import reachable
from smartlogd.sync.administrator import one, opened, rows

if TYPE_CHECKING:
    from centre import Cluster


def test_a_centre_is_made_on_a_server_and_dropped_with_its_logins(cluster: Cluster) -> None:
    server = reachable(cluster.url())
    with ground(server) as field:
        assert field.own is None
        one_, other = field.enrol(["ground-one", "ground-two"])
        with opened(field.url) as connection:
            assert rows(connection, "SELECT name FROM devices ORDER BY id") == [("ground-one",), ("ground-two",)]
            name = one(connection, "SELECT current_database()")
        assert one_.address.database == name
        assert one_.login != other.login
    with opened(server) as connection:
        assert one(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name) is None
        assert one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", one_.login) is None
