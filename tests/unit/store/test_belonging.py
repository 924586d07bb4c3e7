"""Whose device this is, as the centre says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from smartlogd.store.arriving import DeviceSaid
from smartlogd.store.belonging import belongs
from smartlogd.store.engine import transaction

Village = Any
OLGA = str(UUID(int=99))
OWNER = "SELECT u.id, u.uid, u.name, u.email, u.role FROM devices AS d JOIN users AS u ON u.id = d.user_id"


def said(village: Village, name: str = "yard", **more: Any) -> bool:
    owner = {"uid": OLGA, "email": "o@example.org", "name": "Olga", "role": "owner"}
    with transaction(village.path) as connection:
        return belongs(connection, 1, DeviceSaid.model_validate({"name": name, "owner": owner, **more}))


def test_the_local_owners_row_becomes_the_owner_and_no_event_is_written_anew(village: Village) -> None:
    village.stranger(1)
    assert said(village, site="north", enabled=False) is True
    assert village.ask(OWNER) == [(1, OLGA, "Olga", "o@example.org", "owner")]
    assert village.ask("SELECT count(*) FROM users") == [(1,)]
    assert village.ask("SELECT DISTINCT user_id FROM events") == [(1,)]
    assert village.ask("SELECT site, enabled FROM devices") == [("north", 0)]
    assert said(village) is False


def test_an_owner_who_is_known_here_goes_on_with_all_that_is_theirs(village: Village) -> None:
    anna = village.enrolled("Anna", 2, email="o@example.org")
    theirs = village.stranger(1)
    village.change("assign", uuid=theirs, name="Anna")
    with transaction(village.path) as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("UPDATE face_templates SET user = ? WHERE user = ?", (OLGA, anna))
        connection.execute("UPDATE users SET uid = ? WHERE uid = ?", (OLGA, anna))
    assert said(village) is True
    assert village.ask(OWNER) == [(1, OLGA, "Anna", "o@example.org", "member")]
    assert set(village.people_of_passings()) == {"Anna"}
    assert village.ask("SELECT user_id FROM subjects") == [(1,)]
    assert village.ask("SELECT count(*) FROM users") == [(1,)]
    assert village.ask("PRAGMA foreign_key_check") == []


def test_who_owned_the_device_and_was_somebody_goes_on_in_a_row_of_their_own(village: Village) -> None:
    ((before,),) = village.ask("SELECT uid FROM users")
    village.change("rename", name=before, to="Martin")
    theirs = village.stranger(1)
    village.change("assign", uuid=theirs, name="Martin")
    assert said(village) is True
    assert village.ask(OWNER) == [(1, OLGA, "Olga", "o@example.org", "owner")]
    assert set(village.people_of_passings()) == {"Martin"}
    assert village.ask("SELECT u.uid FROM subjects JOIN users AS u ON u.id = user_id") == [(before,)]
    assert village.ask("PRAGMA foreign_key_check") == []


def test_what_is_said_of_another_device_is_not_for_us(village: Village) -> None:
    assert said(village, name="attic") is False
    assert village.ask("SELECT uid FROM users") != [(OLGA,)]
