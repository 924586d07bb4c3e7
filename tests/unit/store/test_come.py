"""Faces that come down from the centre."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from smartlogd.base.time import SystemClock
from smartlogd.store.arriving import FaceGone, FaceRow
from smartlogd.store.come import come, gone
from smartlogd.store.exchange import wrapped
from smartlogd.store.keys import Keys, Unsealable
from smartlogd.store.outcome import Work
from smartlogd.store.templates import about

FLEET = bytes(range(32))
ANNA, STRANGER = str(UUID(int=11)), str(UUID(int=21))
PLAIN = bytes(512)


def fleet_keys(folder: Path) -> Keys:
    folder.mkdir(exist_ok=True)
    keys = Keys.open(folder)
    keys.adopt(FLEET)
    return keys


@pytest.fixture
def work(database: sqlite3.Connection, folder: Path) -> Work:
    return Work(database, fleet_keys(folder), folder, SystemClock().now())


@pytest.fixture
def yard(tmp_path: Path) -> Keys:
    """The keys of another device of the fleet."""
    return fleet_keys(tmp_path / "yard")


def sent(keys: Keys, owner: str = ANNA, *, id_: UUID | None = None, plain: bytes = PLAIN, **more: Any) -> FaceRow:
    """A face as another device sends it."""
    id_ = id_ or uuid4()
    vector = keys.seal(UUID(owner), plain, about(id_, "m"))
    whose = {"user": owner} if owner == ANNA else {"subject": owner}
    row = {
        "id": str(id_), "model": "m", "vector": base64.b64encode(vector).decode(), "quality": 0.5, "source": "photo",
        "created": 7, "key": base64.b64encode(wrapped(keys, UUID(owner)) or b"").decode(), **whose, **more,
    }  # fmt: skip
    return FaceRow.model_validate(row)


def kept(work: Work) -> list[Any]:
    return work.connection.execute("SELECT subject, user FROM face_templates ORDER BY id").fetchall()


def opened(work: Work, owner: str = ANNA) -> list[bytes]:
    rows = work.connection.execute("SELECT id, vector FROM face_templates").fetchall()
    return [work.keys.unseal(UUID(owner), vector, about(UUID(id_), "m")) for id_, vector in rows]


def enqueued(work: Work) -> int:
    return int(work.connection.execute("SELECT count(*) FROM outbox").fetchone()[0])


@pytest.mark.parametrize("owner", [ANNA, STRANGER])
def test_a_face_is_remembered_with_its_owner_also_where_that_was_not_met(work: Work, yard: Keys, owner: str) -> None:
    row = sent(yard, owner)
    assert come(work, row) is True
    assert come(work, row) is False
    assert kept(work) == [(None, ANNA) if owner == ANNA else (STRANGER, None)]
    assert opened(work, owner) == [PLAIN]
    assert enqueued(work) == 0


def test_a_face_that_was_sealed_anew_takes_the_old_ones_place(work: Work, yard: Keys) -> None:
    id_ = uuid4()
    come(work, sent(yard, id_=id_))
    assert come(work, sent(yard, id_=id_, plain=bytes([1]) * 512)) is True
    assert opened(work) == [bytes([1]) * 512]


def test_what_was_done_to_a_face_here_and_waits_is_not_undone(work: Work, yard: Keys) -> None:
    id_ = uuid4()
    come(work, sent(yard, id_=id_))
    work.connection.execute("INSERT INTO outbox (kind, row_id, priority, at) VALUES ('template', ?, 1, 1)", (str(id_),))
    assert come(work, sent(yard, id_=id_, plain=bytes([1]) * 512)) is False
    assert opened(work) == [PLAIN]


def test_a_face_goes(work: Work, yard: Keys) -> None:
    row = sent(yard)
    come(work, row)
    assert gone(work, FaceGone(id=row.id)) is True
    assert gone(work, FaceGone(id=row.id)) is False
    assert kept(work) == []


@pytest.mark.parametrize("what", ["person", "stranger"])
def test_nobody_who_was_forgotten_is_remembered_again(work: Work, yard: Keys, what: str) -> None:
    work.connection.execute("INSERT INTO tombstones (uid, what, at) VALUES (?, ?, 1)", (ANNA, what))
    assert come(work, sent(yard)) is False
    assert kept(work) == []
    assert work.keys.owners() == frozenset()


def test_a_late_face_of_one_who_is_another_by_now_does_not_take_it_back(work: Work, yard: Keys) -> None:
    heir, id_ = str(UUID(int=12)), uuid4()
    come(work, sent(yard, id_=id_))
    work.connection.execute("INSERT INTO users (uid, role, created_at, updated_at) VALUES (?, 'member', 1, 1)", (heir,))
    work.connection.execute("UPDATE face_templates SET user = ?", (heir,))
    work.connection.execute("INSERT INTO tombstones (uid, what, heir, at) VALUES (?, 'merged', ?, 1)", (ANNA, heir))
    assert come(work, sent(yard, id_=id_)) is False
    assert kept(work) == [(None, heir)]


def test_a_face_that_does_not_open_or_is_none_is_refused(work: Work, yard: Keys) -> None:
    other = sent(yard)
    with pytest.raises(Unsealable):
        come(work, sent(yard).model_copy(update={"vector": other.vector}))
    with pytest.raises(Unsealable, match="A face of 4 bytes"):
        come(work, sent(yard, plain=b"tiny"))
    assert kept(work) == []


def test_two_devices_that_made_a_key_each_end_with_one_and_lose_no_face(work: Work, yard: Keys, tmp_path: Path) -> None:
    other = Work(sqlite3.connect(":memory:", isolation_level=None), yard, tmp_path, work.at)
    from smartlogd.schema.migrate import create

    create(other.connection)
    first, second = uuid4(), uuid4()
    of_yard, of_door = sent(yard, id_=first), sent(work.keys, id_=second)
    for side, own in ((work, of_door), (other, of_yard)):
        come(side, own)
        assert enqueued(side) == 0
    come(work, of_yard)
    come(other, of_door)
    assert opened(work) == [PLAIN] * 2
    assert opened(other) == [PLAIN] * 2
    assert (enqueued(work), enqueued(other)) == (1, 1), "each tells what it sealed anew"
    assert work.keys.read(UUID(ANNA))[0] == yard.read(UUID(ANNA))[0]  # type: ignore[index]
    other.connection.close()


def test_a_face_whose_fleet_key_comes_later_waits_sealed(work: Work, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    far = Keys.open(tmp_path / "far")
    far.adopt(bytes(32))
    assert come(work, sent(far)) is True
    with pytest.raises(Unsealable):
        opened(work)
    work.keys.adopt(bytes(32))
    assert opened(work) == [PLAIN]
