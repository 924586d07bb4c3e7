"""A device is enrolled at the centre, or shut out of it. Plain SQL, told as a story.

Enrolling makes a login, a row in `devices` and one in `device_logins`, which ties the two: by it alone the centre knows
who speaks. Shutting out goes in two transactions, so that nothing that can go wrong with keys keeps a stolen device in:
first the login goes, then the fleet key is turned and all keys of people are wrapped anew.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from smartlogd.base.errors import Exit, Missing, SmartlogError
from smartlogd.base.ids import uuid7
from smartlogd.base.time import SystemClock
from smartlogd.sync import keyring, logins
from smartlogd.sync.administrator import Connection, one, rows
from smartlogd.sync.bundle import Bundle
from smartlogd.sync.keyring import Keyring


@dataclass(frozen=True, slots=True)
class FleetWork:
    """What can be done with fleet keys; the ciphers are the store's, and are handed in."""

    new: Callable[[], bytes]
    """A new fleet key."""
    delivery: Callable[[str, str], bytes]
    """(secret, device) -> the key that wraps the fleet key for the device."""
    wrapped: Callable[[bytes, bytes, str], bytes]
    """(fleet key, delivery key, device) -> wrapped for the device."""
    is_under: Callable[[bytes, bytes], bool]
    """(key file, fleet key) -> whether it says that it is wrapped by it."""
    rewrapped: Callable[[bytes, UUID, bytes, bytes], bytes]
    """(key file, owner, old, new) -> the file, wrapped by the new one; SmartlogError where the old does not open it."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be enrolled, as the administrator describes it."""

    name: str
    url: str
    """Where the device finds the centre; without login and password."""
    owner: str | None = None
    """The owner's address; None: the one owner there is."""
    site: str | None = None
    by_certificate: bool = False
    ca: str | None = None
    again: bool = False
    """It has a login already and is to get a new secret."""


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many keys of people were wrapped by the newest fleet key, and how many no fleet key of ours opens."""

    done: int
    closed: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """What became of a device that was shut out: whether its sessions were ended, and its login dropped."""

    login: str | None
    sessions_ended: bool
    rewrapped: Rewrapped


# The owner of a device: by address, or the only owner that there is.
_BY_EMAIL = "SELECT id FROM users WHERE lower(email) = lower(%s) AND forgotten_at IS NULL"
_OWNERS = "SELECT DISTINCT u.id FROM users AS u JOIN devices AS d ON d.user_id = u.id WHERE u.forgotten_at IS NULL"
_NEW_OWNER = """
INSERT INTO users (uid, email, name, role, created_at, updated_at) VALUES (%s, %s, %s, 'owner', now(), now())
RETURNING id
"""
# One row for one name, for good: a device that comes back is the same device.
_DEVICE = """
INSERT INTO devices (user_id, name, type, status, capabilities, site, enabled, epoch, high_seq)
VALUES (%s, %s, 'camera', 'offline', '[]', %s, true, gen_random_uuid(), 0)
ON CONFLICT (name) DO UPDATE SET enabled = true, site = coalesce(excluded.site, devices.site),
    user_id = CASE WHEN %s THEN excluded.user_id ELSE devices.user_id END
RETURNING id
"""
_LOGIN = "SELECT l.login FROM device_logins AS l JOIN devices AS d ON d.id = l.device_id WHERE d.name = %s"
_TIE = "INSERT INTO device_logins (login, device_id) VALUES (%s, %s)"
_DELIVER = """
INSERT INTO fleet_keys (device_id, wrapped) SELECT id, %s FROM devices WHERE name = %s
ON CONFLICT (device_id) DO UPDATE SET wrapped = excluded.wrapped, made_at = now()
"""
_SHUT_OUT = "UPDATE devices SET enabled = false, status = 'offline' WHERE name = %s RETURNING id"
_UNTIE = "DELETE FROM device_logins WHERE device_id = %s"
_UNDELIVER = "DELETE FROM fleet_keys WHERE device_id = %s"
_KEYS = "SELECT owner, wrapped FROM person_keys FOR UPDATE"
_REWRAP = "UPDATE person_keys SET wrapped = %s WHERE owner = %s"
# One administrator at a time: both the file and the rows are read, changed and written.
_ALONE = "SELECT pg_advisory_xact_lock(hashtext('smartlogd central'))"


def add_device(connection: Connection, wanted: NewDevice, path: Path, centre: UUID, work: FleetWork) -> Bundle:
    """Enrol a device; its secret is in the bundle that this gives, and nowhere else.

    Raises SmartlogError (exit 73) where the device has a login already and `again` is not said.
    """
    secret = logins.secret()
    with connection.transaction():
        connection.execute(_ALONE)
        ring = keyring.needed(path, centre)
        login = one(connection, _LOGIN, wanted.name)
        if login and not wanted.again:
            what = f"{wanted.name} is enrolled already, as {login}."
            hint = "Give it a new secret with --again, or shut it out first: smartlogd central revoke."
            raise SmartlogError(what, hint, code=Exit.CANNOT_CREATE)
        device = one(
            connection, _DEVICE, _owner(connection, wanted), wanted.name, wanted.site, wanted.owner is not None
        )
        password = None if wanted.by_certificate else secret
        if login:
            logins.prove(connection, str(login), password)
        else:
            login = logins.make(connection, wanted.name, password)
            connection.execute(_TIE, (login, device))
        ring = ring.with_device(wanted.name, work.delivery(secret, wanted.name))
        wrapped = _delivered(connection, ring, wanted.name, work)
        bundle = _bundle(wanted, str(login), secret, wrapped)
        keyring.write(path, ring)  # before the commit: a delivery key too many does no harm, one too few would
    return bundle


def revoke(connection: Connection, name: str, path: Path, centre: UUID, work: FleetWork) -> Revoked:
    """Shut a device out: its login goes, its rows stay, and what it knew opens nothing that is wrapped from now on.

    Missing where there is no device of that name. Doing it again turns the fleet key again, and changes nothing else.
    """
    login, ended = _shut_out(connection, name)
    with connection.transaction():
        connection.execute(_ALONE)
        ring = keyring.needed(path, centre).without(name).turned(work.new())
        keyring.write(path, ring)  # before the commit: what is wrapped by it must never be without it
        for device in ring.devices:
            _delivered(connection, ring, device, work)
        done = rewrap(connection, ring, work)
    return Revoked(login, ended, done)


def rewrap(connection: Connection, ring: Keyring, work: FleetWork) -> Rewrapped:
    """Wrap by the newest fleet key whatever still is under an older one: devices send such for a while."""
    done = closed = 0
    for owner, wrapped in rows(connection, _KEYS):
        file, whose = _bytes(wrapped), UUID(str(owner))
        if work.is_under(file, ring.newest):
            continue
        old = next((key for key in ring.keys[1:] if work.is_under(file, key)), None)
        anew = _anew(file, whose, old, ring.newest, work)
        if anew is not None:
            connection.execute(_REWRAP, (anew, owner))
        done, closed = done + (anew is not None), closed + (anew is None)
    return Rewrapped(done, closed)


def _bytes(wrapped: object) -> bytes:
    """A bytea as the driver gives it."""
    return wrapped if isinstance(wrapped, bytes) else b""


def _anew(file: bytes, owner: UUID, old: bytes | None, new: bytes, work: FleetWork) -> bytes | None:
    """The key file, wrapped anew; None where it was altered, or by a key that is none of the fleet's."""
    if old is None:
        return None
    try:
        return work.rewrapped(file, owner, old, new)
    except SmartlogError:
        return None


def _shut_out(connection: Connection, name: str) -> tuple[str | None, bool]:
    """Disable the device and take its login away; gives the login, and whether its sessions were ended."""
    with connection.transaction():
        device = one(connection, _SHUT_OUT, name)
        if device is None:
            raise Missing(f"The centre knows no device called {name}.", "See them: smartlogd central devices")
        login = one(connection, _LOGIN, name)
        connection.execute(_UNTIE, (device,))
        connection.execute(_UNDELIVER, (device,))
        ended = logins.shut(connection, str(login)) if login else True
    if login:
        logins.drop(connection, str(login))
    return (str(login) if login else None), ended


def _owner(connection: Connection, wanted: NewDevice) -> object:
    """The id of the owner's row, made where it is missing."""
    if wanted.owner is not None:
        return one(connection, _BY_EMAIL, wanted.owner) or _made(connection, wanted.owner, None)
    known = rows(connection, _OWNERS)
    if len(known) > 1:
        what = f"There are {len(known)} owners of devices."
        raise SmartlogError(what, "Say whose this one is: --owner EMAIL", code=Exit.USAGE)
    return known[0][0] if known else _made(connection, None, "owner")


def _made(connection: Connection, email: str | None, name: str | None) -> object:
    return one(connection, _NEW_OWNER, uuid7(SystemClock().now()), email, name)


def _delivered(connection: Connection, ring: Keyring, device: str, work: FleetWork) -> bytes:
    """The newest fleet key, wrapped for the device, and laid where it finds it."""
    wrapped = work.wrapped(ring.newest, ring.devices[device], device)
    connection.execute(_DELIVER, (wrapped, device))
    return wrapped


def _bundle(wanted: NewDevice, login: str, secret: str, wrapped: bytes) -> Bundle:
    by_certificate = wanted.by_certificate
    return Bundle(
        smartlogd=1,
        device=wanted.name,
        url=wanted.url,
        login=login,
        secret=None if by_certificate else secret,
        client_certificate=f"CN={login}" if by_certificate else None,
        ca=wanted.ca,
        fleet_key=base64.b64encode(wrapped).decode(),
        delivery=secret if by_certificate else None,
    )
