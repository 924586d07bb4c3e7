"""Devices come and go, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest
from administration import WORK, device_name, empty_database

from smartlogd.base.errors import Exit, Missing, SmartlogError
from smartlogd.store.fleet import fleet_opened, is_under
from smartlogd.store.keys import key_file, key_in
from smartlogd.sync import central, keyring, logins
from smartlogd.sync.administrator import Connection, one, opened, rows
from smartlogd.sync.bundle import Bundle
from smartlogd.sync.census import devices, seen
from smartlogd.sync.enrolment import NewDevice, Revoked, add_device, revoke

if TYPE_CHECKING:
    from centre import Cluster

URL = "postgresql://centre.example.org:5432/smartlog?sslmode=verify-full"


class Office:
    """An administrator at work in a centre of their own."""

    def __init__(self, connection: Connection, path: Path) -> None:
        self.connection, self.path = connection, path
        self.centre = central.centre(connection)

    def add(self, name: str, **other: object) -> Bundle:
        return add_device(self.connection, replace(NewDevice(name, URL), **other), self.path, self.centre, WORK)  # type: ignore[arg-type]

    def revoke(self, name: str) -> Revoked:
        return revoke(self.connection, name, self.path, self.centre, WORK)

    def ring(self) -> keyring.Keyring:
        return keyring.needed(self.path, self.centre)

    def delivered(self, name: str) -> object:
        asked = "SELECT wrapped FROM fleet_keys AS k JOIN devices AS d ON d.id = k.device_id WHERE d.name = %s"
        return one(self.connection, asked, name)


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path = tmp_path_factory.mktemp("office") / "fleet.json"
    with empty_database(cluster) as url:
        central.init(url, path, WORK)
        with opened(url) as connection:
            yield Office(connection, path)


def test_a_device_gets_a_login_that_may_do_nothing_but_its_part(office: Office) -> None:
    name = device_name()
    bundle = office.add(name, owner="ada@example.org", site="home")
    may = rows(
        office.connection,
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit, rolcanlogin"
        " FROM pg_roles WHERE rolname = %s",
        bundle.login,
    )
    assert may == [(False, False, False, False, False, 3, True)]
    assert one(office.connection, "SELECT pg_has_role(%s, 'smartlog_device', 'MEMBER')", bundle.login) is True
    (device,) = [each for each in devices(office.connection) if each.name == name]
    assert (device.owner, device.site, device.login, device.enabled) == ("ada@example.org", "home", bundle.login, True)
    assert fleet_opened(bundle.wrapped_fleet_key, bundle.opener, name) == office.ring().newest


def test_the_server_keeps_a_verifier_and_not_the_password(office: Office) -> None:
    bundle = office.add(device_name(), owner="ada@example.org")
    stored = str(one(office.connection, "SELECT rolpassword FROM pg_authid WHERE rolname = %s", bundle.login))
    assert stored.startswith("SCRAM-SHA-256$")
    assert str(bundle.secret) not in stored


def test_a_second_enrolment_needs_to_be_meant_and_makes_a_new_secret(office: Office) -> None:
    name = device_name()
    first = office.add(name, owner="ada@example.org")
    with pytest.raises(SmartlogError, match="enrolled already") as error:
        office.add(name, owner="ada@example.org")
    assert error.value.code == Exit.CANNOT_CREATE
    second = office.add(name, again=True)
    assert (second.login, second.secret == first.secret) == (first.login, False)
    assert fleet_opened(second.wrapped_fleet_key, second.opener, name) == office.ring().newest
    (device,) = [each for each in devices(office.connection) if each.name == name]
    assert device.owner == "ada@example.org"


def test_with_a_certificate_there_is_no_password_and_a_word_to_open_the_fleet_key(office: Office) -> None:
    name = device_name()
    bundle = office.add(name, owner="ada@example.org", by_certificate=True)
    assert (bundle.secret, bundle.client_certificate) == (None, f"CN={bundle.login}")
    assert one(office.connection, "SELECT rolpassword FROM pg_authid WHERE rolname = %s", bundle.login) is None
    assert one(office.connection, "SELECT pg_has_role(%s, 'smartlog_certificate', 'MEMBER')", bundle.login) is True
    assert fleet_opened(bundle.wrapped_fleet_key, bundle.opener, name) == office.ring().newest
    by_password = office.add(name, again=True)
    assert by_password.secret is not None
    assert one(office.connection, "SELECT pg_has_role(%s, 'smartlog_certificate', 'MEMBER')", bundle.login) is False


def test_a_name_as_long_as_names_may_be_still_makes_a_login(office: Office) -> None:
    one_, other = (f"{device_name()}-{'x' * 49}" for _ in range(2))
    made = {office.add(name, owner="ada@example.org").login for name in (one_, other)}
    assert len(made) == 2
    assert all(len(login) <= 63 for login in made)


def test_a_login_of_that_name_in_another_database_is_left_alone(office: Office) -> None:
    name = device_name()
    taken = logins.login_name(name)
    office.connection.execute(f'CREATE ROLE "{taken}" LOGIN'.encode())
    bundle = office.add(name, owner="ada@example.org")
    office.connection.execute(f'DROP ROLE "{taken}"'.encode())
    assert bundle.login != taken
    assert bundle.login.startswith("smartlogd_door-")


def test_with_several_owners_somebody_must_say_whose_it_is(office: Office) -> None:
    office.add(device_name(), owner="ada@example.org")
    office.add(device_name(), owner="Bob@example.org")
    with pytest.raises(SmartlogError, match="owners") as error:
        office.add(device_name())
    assert error.value.code == Exit.USAGE
    office.add(device_name(), owner="bob@EXAMPLE.org")
    assert one(office.connection, "SELECT count(*) FROM users WHERE lower(email) = 'bob@example.org'") == 1


def test_shutting_out_takes_the_login_and_turns_the_fleet_key(office: Office) -> None:
    gone, stays = device_name(), device_name()
    lost, kept = office.add(gone, owner="ada@example.org"), office.add(stays, owner="ada@example.org")
    before = office.ring()
    person, altered, stranger = uuid4(), uuid4(), uuid4()
    for owner, file in (
        (person, key_file(person, b"p" * 32, before.newest)),
        (altered, key_file(altered, b"a" * 32, before.newest)[:-1] + b"\0"),
        (stranger, key_file(stranger, b"s" * 32, b"w" * 32)),
    ):
        office.connection.execute("INSERT INTO person_keys (owner, wrapped) VALUES (%s, %s)", (owner, file))

    done = office.revoke(gone)

    assert (done.login, done.sessions_ended, done.rewrapped.done, done.rewrapped.closed) == (lost.login, True, 1, 2)
    after = office.ring()
    assert after.newest != before.newest
    assert after.keys[1:] == before.keys
    assert gone not in after.devices
    assert one(office.connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", lost.login) == 0
    assert office.delivered(gone) is None
    wrapped = office.delivered(stays)
    assert isinstance(wrapped, bytes)
    assert fleet_opened(wrapped, kept.opener, stays) == after.newest
    held = one(office.connection, "SELECT wrapped FROM person_keys WHERE owner = %s", person)
    assert isinstance(held, bytes)
    assert is_under(held, after.newest)
    assert key_in(held, person, after.newest) == b"p" * 32
    (device,) = [each for each in devices(office.connection) if each.name == gone]
    assert (device.enabled, device.login) == (False, None)


def test_who_was_shut_out_may_come_back_as_the_same_device(office: Office) -> None:
    name = device_name()
    office.add(name, owner="ada@example.org", site="home")
    id_ = one(office.connection, "SELECT id FROM devices WHERE name = %s", name)
    office.revoke(name)
    office.revoke(name)
    office.add(name, owner="ada@example.org")
    assert rows(office.connection, "SELECT id, enabled, site FROM devices WHERE name = %s", name) == [
        (id_, True, "home")
    ]


def test_nobody_can_be_shut_out_whom_nobody_knows(office: Office) -> None:
    before = office.ring()
    with pytest.raises(Missing, match="no device"):
        office.revoke("nobody")
    assert office.ring() == before


def test_a_revocation_whose_file_is_lost_still_shuts_the_device_out(office: Office, tmp_path: Path) -> None:
    name = device_name()
    lost = office.add(name, owner="ada@example.org")
    with pytest.raises(Missing):
        revoke(office.connection, name, tmp_path / "none.json", office.centre, WORK)
    assert one(office.connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", lost.login) == 0


def test_what_failed_in_the_database_stands_in_no_file(office: Office) -> None:
    before = office.path.read_bytes()
    broken = NewDevice(device_name(), "not a URL", owner="ada@example.org")
    with pytest.raises(ValueError, match="postgresql"):
        add_device(office.connection, broken, office.path, office.centre, WORK)
    assert office.path.read_bytes() == before
    assert one(office.connection, "SELECT count(*) FROM devices WHERE name = %s", broken.name) == 0


def test_the_centre_tells_how_it_fares(office: Office) -> None:
    found = seen(office.connection)
    assert UUID(found.centre) == office.centre
    assert found.schema == found.newest_schema
    assert found.wire == 1
    assert found.bytes > 1_000_000
    assert [gap.what for gap in found.gaps if not gap.is_advice] == []


def test_a_login_without_its_limits_is_told_and_mended(office: Office) -> None:
    bundle = office.add(device_name(), owner="ada@example.org")
    office.connection.execute(f'ALTER ROLE "{bundle.login}" CONNECTION LIMIT -1'.encode())
    assert any("limit" in gap.what for gap in seen(office.connection).gaps)
    logins.bound(office.connection, bundle.login)
    from smartlogd.sync.hardening import harden

    assert [gap.what for gap in harden(office.connection) if not gap.is_advice] == []


def test_a_device_cannot_fill_the_disk_with_what_it_sorts(office: Office, cluster: Cluster) -> None:
    bundle = office.add(device_name(), owner="ada@example.org")
    made = "SELECT md5(n::text) || repeat('x', 900) AS x FROM generate_series(1, 120000) AS n"
    asked = f"DECLARE mine CURSOR WITH HOLD FOR SELECT x FROM ({made}) AS t ORDER BY x; COMMIT"
    database = office.connection.info.dbname
    with psycopg.connect(cluster.tls_url(database, bundle.login, bundle.secret)) as device:
        device.execute("SET work_mem = '64kB'")
        with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
            device.execute(asked.encode())
