"""The rows that each start of the daemon writes: its owner, its device, itself. Plain SQL, told as a story.

Nothing here needs the object mapper, which takes half a second to import: a daemon that starts on a database it knows
sees its first frame before that.
"""

from __future__ import annotations

import json
import sqlite3
from uuid import UUID, uuid4

from smartlogd.base.ids import uuid7
from smartlogd.base.time import Stamp
from smartlogd.schema.instants import micros
from smartlogd.store.rows import Origin

CAPABILITIES = ("crossings",)
"""What a device of this version can log."""

# A device belongs to someone from its first start; until it is enrolled somewhere, to a local owner without address.
_OWNER = "SELECT id FROM users WHERE role = 'owner' AND forgotten_at IS NULL ORDER BY id LIMIT 1"
_NEW_OWNER = """
INSERT INTO users (uid, name, role, created_at, updated_at) VALUES (:uid, 'local owner', 'owner', :at, :at) RETURNING id
"""

# The device keeps its row, its owner, its epoch and whether it is enabled; what a start renews is renewed.
_DEVICE = """
INSERT INTO devices
    (user_id, name, type, status, capabilities, last_seen, software_version, enabled, epoch, high_seq)
VALUES (:owner, :name, 'camera', 'online', :capabilities, :at, :version, 1, :epoch, 0)
ON CONFLICT (name) DO UPDATE SET
    status = excluded.status, capabilities = excluded.capabilities, last_seen = excluded.last_seen,
    software_version = excluded.software_version
RETURNING id, user_id
"""

# One row for each start; a store that is opened again within one start finds its row there.
_BOOT = """
INSERT INTO boots (boot_id, started_at, mono_us, clock_trusted, version, machine_boot)
VALUES (:boot, :at, :mono_us, :trusted, :version, :machine_boot) ON CONFLICT (boot_id) DO NOTHING
"""

_META = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"

_FAREWELL = "UPDATE devices SET status = 'offline', last_seen = max(coalesce(last_seen, 0), :at) WHERE id = :device"


def arrive(
    connection: sqlite3.Connection,
    *,
    device: str,
    version: str,
    boot: UUID,
    start: Stamp,
    machine_boot: str | None = None,
) -> Origin:
    """Write the rows of this start, in the caller's transaction; gives what the rows of events refer to.

    `machine_boot` says whose monotonic clock their stamps are of; without it they are never dated anew (`seal.py`).
    """
    at = micros(start.utc)
    owner = connection.execute(_OWNER).fetchone()
    if owner is None:
        owner = connection.execute(_NEW_OWNER, {"uid": str(uuid7(start)), "at": at}).fetchone()
        connection.execute(_META, ("created_by", json.dumps(version)))
        connection.execute(_META, ("created_at", json.dumps(start.utc.isoformat())))
    device_id, owner_id = connection.execute(
        _DEVICE,
        {
            "owner": owner[0], "name": device, "capabilities": json.dumps(CAPABILITIES), "at": at, "version": version,
            "epoch": str(uuid4()),
        },
    ).fetchone()  # fmt: skip
    mono_us, trusted = start.mono_ns // 1000, int(start.trusted)
    connection.execute(
        _BOOT,
        {
            "boot": str(boot), "at": at, "mono_us": mono_us, "trusted": trusted, "version": version,
            "machine_boot": machine_boot,
        },
    )  # fmt: skip
    return Origin(device, device_id, owner_id, str(boot))


def leave(connection: sqlite3.Connection, origin: Origin, end: Stamp) -> None:
    """Note that the device went off in good order."""
    connection.execute(_FAREWELL, {"at": micros(end.utc), "device": origin.device_id})
