"""Tombstones that come down: forgotten elsewhere is forgotten here, and one who is another is so here as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from smartlogd.store.arriving import TombstoneRow
from smartlogd.store.begin import begin
from smartlogd.store.engine import transaction
from smartlogd.store.keys import Unsealable
from smartlogd.store.outcome import Work
from smartlogd.store.rest import faces_follow, laid_to_rest
from smartlogd.store.templates import load
from smartlogd.store.triggers import PULLING

Village = Any
NOBODY = str(UUID(int=7))


@contextmanager
def page(village: Village) -> Iterator[Work]:
    """A transaction in which a page is taken: what is pulled is not pushed."""
    from village import NOON

    with transaction(village.path) as connection:
        begin(connection)
        connection.execute("DELETE FROM outbox")
        connection.execute("INSERT INTO meta VALUES (?, 'true')", (PULLING,))
        yield Work(connection, village.keys, village.folder, NOON.shifted(86_400))
        connection.execute("DELETE FROM meta WHERE key = ?", (PULLING,))


def tombstone(uid: str, what: str = "person", heir: str | None = None) -> TombstoneRow:
    return TombstoneRow(uid=uid, what=what, heir=heir, at=5)


def waiting(village: Village) -> list[Any]:
    return village.ask("SELECT kind, row_id, priority FROM outbox ORDER BY priority, seq")


def test_a_person_forgotten_elsewhere_is_gone_and_only_what_nobody_else_knew_is_told(village: Village) -> None:
    anna = village.enrolled("Anna")
    theirs = village.stranger(1)
    village.change("assign", uuid=theirs, name="Anna")
    bert = village.stranger(2)
    with page(village) as work:
        assert laid_to_rest(work, tombstone(anna)) is True
        assert laid_to_rest(work, tombstone(anna)) is False
    assert village.ask("SELECT uuid FROM subjects") == [(bert,)]
    assert village.ask("SELECT name, email FROM users WHERE uid = ?", anna) == [(None, None)]
    assert village.ask("SELECT subject FROM face_templates") == [(bert,)]
    assert {UUID(bert)} == village.keys.owners()
    assert waiting(village) == [("tombstone", theirs, 0)]
    assert village.ask("SELECT uid, what FROM tombstones ORDER BY what") == [(anna, "person"), (theirs, "stranger")]


def test_a_stranger_forgotten_elsewhere_leaves_passings_of_nobody(village: Village) -> None:
    gone = village.stranger(1)
    leaf = village.stranger(2, into=gone)
    with page(village) as work:
        laid_to_rest(work, tombstone(gone, "stranger"))
    assert village.ask("SELECT uuid, merged_into FROM subjects") == [(leaf, None)]
    assert village.ask("SELECT count(*) FROM smartlog WHERE uuid = event_id") == [(2,)]
    assert village.ask("SELECT count(*) FROM events WHERE subject_uuid = ?", gone) == [(0,)]
    assert waiting(village) == []


def test_who_was_never_here_leaves_a_tombstone_only(village: Village) -> None:
    before = village.dump()
    with page(village) as work:
        assert laid_to_rest(work, tombstone(NOBODY)) is True
        assert laid_to_rest(work, tombstone(str(UUID(int=8)), "stranger")) is True
    assert village.dump() == before
    assert village.ask("SELECT count(*) FROM tombstones") == [(2,)]


def test_all_that_is_one_persons_becomes_the_heirs_and_their_faces_follow_the_heirs_key(village: Village) -> None:
    anna, anne = village.enrolled("Anna", 2), village.enrolled("Anne", 1)
    theirs = village.stranger(1)
    village.change("assign", uuid=theirs, name="Anne")
    with page(village) as work:
        laid_to_rest(work, tombstone(anne, "merged", anna))
        assert faces_follow(work, is_last=False) == [UUID(anne)]
    assert set(village.people_of_passings()) == {"Anna"}
    assert village.ask("SELECT user, count(*) FROM face_templates WHERE user IS NOT NULL GROUP BY 1") == [(anna, 3)]
    assert len(load(village.folder, village.keys)) == 4
    assert [kind for kind, _, _ in waiting(village)] == ["template"]
    assert village.ask("SELECT heir FROM tombstones") == [(anna,)]


def test_faces_wait_for_the_heirs_key_until_all_has_come(village: Village) -> None:
    anne = village.enrolled("Anne", 1)
    with page(village) as work:
        laid_to_rest(work, tombstone(anne, "merged", NOBODY))
        assert faces_follow(work, is_last=False) == []
        assert work.connection.execute("SELECT user FROM face_templates").fetchall() == [(anne,)]
        assert faces_follow(work, is_last=True) == [UUID(anne)]
    assert village.ask("SELECT user FROM face_templates") == [(NOBODY,)]
    assert village.keys.of(UUID(NOBODY))


def test_faces_whose_key_cannot_be_opened_are_left_where_they_are(
    village: Village, caplog: pytest.LogCaptureFixture
) -> None:
    anna, anne = village.enrolled("Anna"), village.enrolled("Anne", 1)
    village.keys.path(UUID(anne)).write_bytes(b"spoilt")
    with page(village) as work:
        laid_to_rest(work, tombstone(anne, "merged", anna))
        assert faces_follow(work, is_last=True) == []
    assert village.ask("SELECT count(*) FROM face_templates WHERE user = ?", anne) == [(1,)]
    assert "faces wait for a key" in caplog.text
    with pytest.raises(Unsealable):
        village.keys.of(UUID(anne))


def test_one_who_is_another_that_was_forgotten_is_forgotten_too(village: Village) -> None:
    anna, anne = village.enrolled("Anna"), village.enrolled("Anne")
    with page(village) as work:
        laid_to_rest(work, tombstone(anna))
        laid_to_rest(work, tombstone(anne, "merged", anna))
    assert village.ask("SELECT count(*) FROM face_templates") == [(0,)]
    assert village.keys.owners() == frozenset()
