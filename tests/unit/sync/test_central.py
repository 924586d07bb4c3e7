"""Setting up, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from administration import WORK, empty_database

from smartlogd.base.errors import Exit, Missing, SmartlogError, UnusableInput, WrongConfiguration
from smartlogd.schema.migrate import head
from smartlogd.sync import central, keyring
from smartlogd.sync.administrator import one, opened

if TYPE_CHECKING:
    from centre import Cluster

    from smartlogd.schema.migrate import DatabaseUrl


@pytest.fixture
def url(cluster: Cluster) -> Iterator[DatabaseUrl]:
    with empty_database(cluster) as made:
        yield made


def test_an_empty_database_becomes_a_centre_and_a_second_time_changes_nothing(url: DatabaseUrl, tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    first = central.init(url, path, WORK)
    assert (first.version, first.was, first.made_key) == (head(), None, True)
    assert [gap.what for gap in first.gaps if not gap.is_advice] == []
    held = path.read_bytes()
    again = central.init(url, path, WORK)
    assert (again.was, again.made_key) == (head(), False)
    assert central.upgrade(url, path, WORK).version == head()
    assert path.read_bytes() == held
    with opened(url) as connection:
        assert keyring.needed(path, central.centre(connection)).devices == {}


def test_a_database_of_others_is_refused_and_left_as_it_was(url: DatabaseUrl, tmp_path: Path) -> None:
    with opened(url) as connection:
        connection.execute("CREATE TABLE invoices (id int)")
    with pytest.raises(SmartlogError, match="invoices") as error:
        central.init(url, tmp_path / "fleet.json", WORK)
    assert error.value.code == Exit.CANNOT_CREATE
    with opened(url) as connection:
        assert one(connection, "SELECT to_regclass('public.users')") is None
    assert not (tmp_path / "fleet.json").exists()


def test_whoever_shares_a_database_keeps_what_everyone_may_do_in_it(url: DatabaseUrl, tmp_path: Path) -> None:
    with opened(url) as connection:
        connection.execute("CREATE TABLE invoices (id int)")
    done = central.init(url, tmp_path / "fleet.json", WORK, shared=True)
    assert any("connect" in gap.what for gap in done.gaps)
    assert any("connect" in gap.what for gap in central.upgrade(url, tmp_path / "fleet.json", WORK).gaps)
    with opened(url) as connection:
        assert central.is_shared(connection)
        assert one(connection, "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')") is True


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE events (id int)", "CREATE SCHEMA report", "CREATE TABLE alembic_version (n int)"]
)
def test_what_stands_in_our_place_is_never_taken_away(url: DatabaseUrl, tmp_path: Path, statement: str) -> None:
    with opened(url) as connection:
        connection.execute(statement.encode())
    with pytest.raises(SmartlogError, match="in our place") as error:
        central.init(url, tmp_path / "fleet.json", WORK, shared=True)
    assert error.value.code == Exit.CANNOT_CREATE


def test_a_lost_file_of_the_fleet_key_is_not_made_anew(url: DatabaseUrl, tmp_path: Path) -> None:
    central.init(url, tmp_path / "fleet.json", WORK)
    with opened(url) as connection:
        connection.execute("INSERT INTO person_keys (owner, wrapped) VALUES (gen_random_uuid(), 'x')")
    for again in (central.init, central.upgrade):
        with pytest.raises(Missing):
            again(url, tmp_path / "other.json", WORK)
    assert not (tmp_path / "other.json").exists()


def test_the_fleet_key_of_another_centre_is_not_used(cluster: Cluster, url: DatabaseUrl, tmp_path: Path) -> None:
    central.init(url, tmp_path / "fleet.json", WORK)
    with empty_database(cluster) as other, pytest.raises(WrongConfiguration, match="another centre"):
        central.init(other, tmp_path / "fleet.json", WORK)


def test_a_restored_centre_is_another_one_with_the_same_fleet_key(url: DatabaseUrl, tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    central.init(url, path, WORK)
    with opened(url) as connection:
        before = central.centre(connection)
        ring = keyring.needed(path, before)
    central.upgrade(url, path, WORK, restored=True)
    with opened(url) as connection:
        after = central.centre(connection)
    assert after != before
    assert keyring.needed(path, after).keys == ring.keys


def test_a_database_that_is_no_centre_is_not_upgraded(url: DatabaseUrl, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="no centre"):
        central.upgrade(url, tmp_path / "fleet.json", WORK)
