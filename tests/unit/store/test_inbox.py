"""The inbox of an open store: pages and their cursor, rows that do not fit, rows of a later version, another centre."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.wire import WIRE, Page
from smartlogd.store import inbox as inbox_module
from smartlogd.store.begin import begin
from smartlogd.store.engine import Store
from smartlogd.store.inbox import StoreInbox

CENTRE, OTHER = str(UUID(int=1)), str(UUID(int=2))
ANNA, BERT, STRANGER, LEAF = (str(UUID(int=n)) for n in (11, 12, 21, 22))
OWNER = {"uid": str(UUID(int=99)), "email": "o@example.org", "name": "Olga", "role": "owner"}
US_ABOUT = {"name": "door", "enabled": True, "site": "north", "owner": OWNER}


class Receiving:
    """A store that has a centre, and its inbox."""

    def __init__(self, store: Store) -> None:
        self.store, self.inbox = store, StoreInbox(store)

    async def take(self, *rows: dict[str, Any], cursor: int = 1, centre: str = CENTRE, **more: Any) -> Any:
        given = tuple({"v": 1, **row} for row in rows)
        return await self.inbox.apply(Page(centre, cursor, given, is_last=True, **more))

    async def ask(self, sql: str, *values: Any) -> list[Any]:
        return await self.store.change(lambda connection: connection.execute(sql, values).fetchall())

    async def waiting(self) -> list[Any]:
        return await self.ask("SELECT kind, row_id FROM outbox ORDER BY priority, seq")


@pytest.fixture
async def receiving(opener: Callable[..., Store]) -> AsyncIterator[Receiving]:
    store = opener()
    task = asyncio.create_task(store.journal.run())
    await store.change(begin)
    receiving = Receiving(store)
    yield receiving
    await receiving.inbox.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await store.close()


def user(uid: str = ANNA, **more: Any) -> dict[str, Any]:
    return {"kind": "user", "uid": uid, "name": "Anna", "role": "member", "created": 1, "updated": 5, **more}


def subject(uuid: str = STRANGER, **more: Any) -> dict[str, Any]:
    return {"kind": "subject", "uuid": uuid, "has_face": True, "first": 3, "last": 4, "rev": 1, **more}


async def test_nothing_was_asked_before_the_first_time(receiving: Receiving) -> None:
    assert await receiving.inbox.cursor() == (None, 0)


async def test_a_page_is_taken_with_its_cursor_and_nothing_of_it_is_sent_back(receiving: Receiving) -> None:
    await receiving.ask("INSERT INTO smartlog (uuid, action, timestamp, event_id) VALUES (?, 'I', 1, 'x')", LEAF)
    applied = await receiving.take(subject(user=ANNA), subject(LEAF, merged_into=STRANGER), user(), cursor=7)
    assert (applied.taken, applied.held, applied.gallery_changed) == (3, 0, True)
    assert await receiving.inbox.cursor() == (CENTRE, 7)
    assert await receiving.ask("SELECT name FROM smartlog JOIN users AS u ON u.id = user_id") == [("Anna",)]
    assert await receiving.waiting() == []
    assert await receiving.ask("SELECT 1 FROM meta WHERE key = 'pulling'") == []


async def test_a_page_that_is_taken_twice_changes_nothing(receiving: Receiving) -> None:
    rows = (user(), subject(user=ANNA))
    await receiving.take(*rows)
    before = await receiving.ask("SELECT * FROM users"), await receiving.ask("SELECT * FROM subjects")
    assert (await receiving.take(*rows)).gallery_changed is False
    assert (await receiving.ask("SELECT * FROM users"), await receiving.ask("SELECT * FROM subjects")) == before


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "dream"},
        {"kind": "user"},
        user(uid="no uuid"),
        user(name="x" * 201),
        user(role="emperor"),
        user(updated="5"),
        user(updated=10**30),
        subject(merged_into=STRANGER),
        subject(rev=-1),
        {"kind": "template", "id": ANNA, "user": ANNA, "model": "m", "vector": "!", "quality": 1, "source": "x",
         "created": 1, "key": "AA=="},
        {"kind": "tombstone", "uid": ANNA, "what": "merged", "heir": None, "at": 1},
        {"kind": "routine", "uid": ANNA, "owner": ANNA, "name": "n", "cron": "never", "steps": [], "created": 1,
         "updated": 1},
        {"kind": "routine", "uid": ANNA, "owner": ANNA, "name": "n", "cron": "* * * * *", "created": 1, "updated": 1,
         "steps": [{"type": "x" * 20_000}]},
        {"kind": "model", "name": "n", "version": "1", "type": "oracle", "artifact_uri": "u", "created": 1},
    ],
)  # fmt: skip
async def test_a_row_that_does_not_fit_is_left_out_and_holds_nothing_up(
    receiving: Receiving, caplog: pytest.LogCaptureFixture, bad: dict[str, Any]
) -> None:
    applied = await receiving.take(bad, user(BERT), cursor=3)
    assert (applied.taken, applied.held) == (1, 0)
    assert await receiving.inbox.cursor() == (CENTRE, 3)
    assert [record.message for record in caplog.records] == ["row from the centre left out"]
    assert "emperor" not in str(caplog.records[0].__dict__), "what does not fit is not repeated"


async def test_a_row_of_a_later_version_is_asked_for_again_once_that_is_spoken(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    await receiving.take(user(), cursor=5)
    applied = await receiving.take({"kind": "dream", "v": WIRE + 1}, user(BERT), cursor=9)
    assert (applied.taken, applied.held) == (1, 1)
    await receiving.take(user(BERT), cursor=12)
    assert await receiving.inbox.cursor() == (CENTRE, 12), "and holds nothing up"
    monkeypatch.setattr(inbox_module, "WIRE", WIRE + 1)
    assert await receiving.inbox.cursor() == (CENTRE, 5)
    await receiving.take(user(), cursor=9)
    assert await receiving.inbox.cursor() == (CENTRE, 9)


async def test_another_centre_is_asked_from_the_beginning_and_told_of_everyone(receiving: Receiving) -> None:
    await receiving.take(user(), cursor=5)
    applied = await receiving.take(user(BERT), cursor=40, centre=OTHER)
    assert applied.taken == 0
    assert await receiving.inbox.cursor() == (OTHER, 0)
    assert await receiving.waiting() == [("user", ANNA)]
    assert (await receiving.take(user(BERT), cursor=2, centre=OTHER)).taken == 1


async def test_the_centre_says_whose_the_device_is(receiving: Receiving) -> None:
    await receiving.take(device=US_ABOUT)
    owner = "SELECT u.uid, d.site FROM devices AS d JOIN users AS u ON u.id = d.user_id"
    assert await receiving.ask(owner) == [(OWNER["uid"], "north")]


async def test_what_does_not_fit_of_the_device_is_left_out(
    receiving: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    await receiving.take(user(), device={**US_ABOUT, "enabled": "perhaps"})
    assert "what the centre says of this device does not fit" in caplog.text
    assert len(await receiving.ask("SELECT 1 FROM users WHERE uid = ?", ANNA)) == 1


async def test_routines_and_models_come_and_go(receiving: Receiving) -> None:
    routine = {
        "kind": "routine", "uid": BERT, "owner": ANNA, "device": "door", "name": "n", "cron": "0 8 * * 1-5",
        "timezone": "Europe/Rome", "steps": [{"type": "pet", "duration_s": 3}], "created": 1, "updated": 2,
    }  # fmt: skip
    model = {"kind": "model", "name": "n", "version": "1", "type": "pose", "artifact_uri": "u", "created": 1}
    assert (await receiving.take(routine, model)).taken == 2
    assert await receiving.ask("SELECT name, device_id FROM routines") == [("n", 1)]
    gone = [
        {"kind": "routine", "uid": BERT, "gone": True},
        {"kind": "model", "name": "n", "version": "1", "gone": True},
    ]
    assert (await receiving.take(*gone)).taken == 2
    assert await receiving.ask("SELECT name FROM routines UNION SELECT name FROM models") == []
