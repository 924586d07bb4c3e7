from __future__ import annotations

from collections.abc import Callable

import pytest

from smartlogd.base.errors import DiskTrouble, SmartlogError
from smartlogd.base.wire import Page
from smartlogd.sync.account import Account
from smartlogd.sync.pull import Pull
from smartlogd.sync.trouble import CentreAway

ONE, OTHER = "01968f00-0000-7000-8000-000000000001", "01968f00-0000-7000-8000-000000000002"
FACE, PERSON = {"kind": "template"}, {"kind": "user"}


@pytest.fixture
def told() -> list[object]:
    return []


@pytest.fixture
def pull(inbox, centre, clock, told) -> Pull:
    async def changed() -> None:
        told.append("gallery")

    async def key(wrapped: bytes) -> None:
        told.append(wrapped)

    return Pull(inbox, centre, 500, clock=clock, account=Account(), on_gallery_changed=changed, on_fleet_key=key)


Live = Callable[..., object]


def test_pages_are_taken_until_the_last_and_faces_are_told_of_once(live: Live, pull, inbox, centre, told) -> None:
    centre.pages = {
        0: Page(ONE, 5, (FACE,), False),
        5: Page(ONE, 9, (PERSON,), False),
        9: Page(ONE, 12, (FACE,), True),
    }
    live(pull.pull)
    assert [page.cursor for page in inbox.pages] == [5, 9, 12]
    assert told == ["gallery"]


def test_no_news_of_faces_disturb_nobody(live: Live, pull, centre, told) -> None:
    centre.pages = {0: Page(ONE, 5, (PERSON,), True)}
    live(pull.pull)
    assert told == []


def test_the_next_time_begins_where_the_last_ended(live: Live, pull, inbox, centre) -> None:
    inbox.centre, inbox.at = ONE, 7
    live(pull.pull)
    assert centre.pulls == [7]


def test_another_centre_is_read_from_the_beginning(live: Live, pull, inbox, centre) -> None:
    inbox.centre, inbox.at = ONE, 7
    centre.pages = {7: Page(OTHER, 7, (), True), 0: Page(OTHER, 3, (PERSON,), True)}
    live(pull.pull)
    assert centre.pulls == [7, 0]
    assert (inbox.centre, inbox.at) == (OTHER, 3)
    assert len(inbox.pages) == 1


def test_a_fleet_key_is_handed_over_before_the_page_and_only_once(live: Live, pull, inbox, centre, told) -> None:
    centre.pages = {
        0: Page(ONE, 5, (FACE,), False, fleet_key=b"wrapped"),
        5: Page(ONE, 6, (), True, fleet_key=b"wrapped"),
    }

    async def story() -> None:
        await pull.pull()
        await pull.pull()

    live(story)
    assert told == [b"wrapped", "gallery"]


def test_faces_of_pages_before_one_that_failed_are_told_of(live: Live, pull, inbox, centre, told) -> None:
    async def story() -> None:
        centre.pages = {0: Page(ONE, 5, (FACE,), False)}
        ask = centre.pull

        async def once(cursor: int, most: int) -> Page:
            if cursor == 5:
                raise CentreAway("away")
            return await ask(cursor, most)

        centre.pull = once
        with pytest.raises(CentreAway):
            await pull.pull()

    live(story)
    assert told == ["gallery"]
    assert inbox.at == 5


def test_a_page_that_cannot_be_written_is_asked_for_again(live: Live, pull, inbox, centre) -> None:
    centre.pages = {0: Page(ONE, 5, (PERSON,), True)}
    inbox.trouble = DiskTrouble("The disk is full.")
    with pytest.raises(DiskTrouble):
        live(pull.pull)
    inbox.trouble = None
    live(pull.pull)
    assert centre.pulls == [0, 0]


def test_a_fleet_key_that_cannot_be_opened_holds_up_no_news_and_is_told(live: Live, inbox, centre, clock, told) -> None:
    centre.pages = {0: Page(ONE, 5, ({"kind": "tombstone"},), False, fleet_key=b"odd"), 5: Page(ONE, 6, (), True)}

    async def changed() -> None:
        told.append("gallery")

    async def key(wrapped: bytes) -> None:
        raise SmartlogError("The fleet key does not open.")

    pull = Pull(inbox, centre, 500, clock=clock, account=Account(), on_gallery_changed=changed, on_fleet_key=key)
    with pytest.raises(SmartlogError, match="does not open"):
        live(pull.pull)
    assert inbox.at == 6
