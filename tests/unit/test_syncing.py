"""The way to the centre in a running daemon, over a real store; the centre itself is met in tests/services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from kept import running
from paper import SECRET, enrolment

from smartlogd import wiring
from smartlogd.base.errors import DiskTrouble, Fate, Missing, SmartlogError
from smartlogd.settings import Settings, read_settings
from smartlogd.store.engine import Store
from smartlogd.sync.bundle import FILE
from smartlogd.syncing import Link


@asynccontextmanager
async def linked(store: Store, folder: Path, **options: Any) -> AsyncIterator[Link]:
    async def refresh() -> None:
        raise AssertionError("no face came")

    def settings() -> Settings:
        return read_settings(None, {"device.state_dir": folder, **{f"sync.{key}": is_ for key, is_ in options.items()}})

    link = Link(store, settings, refresh)
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def word(link: Link, wished: str) -> str:
    """The state's word, once it is the wished one; else what it is after eight seconds."""
    for _ in range(800):
        if link.state()["word"] == wished:
            break
        await asyncio.sleep(0.01)
    return str(link.state()["word"])


def triggers(store: Store) -> list[Any]:
    import sqlite3

    with sqlite3.connect(store.path) as connection:
        return connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()


async def test_without_an_enrolment_it_is_off_and_says_how_to_join(tmp_path: Path) -> None:
    async with running(tmp_path) as store, linked(store, tmp_path) as link:
        assert await word(link, "off") == "off"
        assert await link.asked("status") == {"word": "off", "detail": ""}
        with pytest.raises(Missing, match="joined no centre"):
            await link.asked("now")
        assert triggers(store) == []


async def test_a_centre_that_cannot_be_reached_is_a_word_in_the_state_and_no_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(enrolment())
    async with running(tmp_path) as store, linked(store, tmp_path, gather_s=0.1, interval_s=1.0) as link:
        assert await word(link, "away") == "away"
        assert triggers(store)
        paused = await link.asked("pause")
        assert paused["word"] == "paused"
    async with running(tmp_path) as store, linked(store, tmp_path, gather_s=0.1, interval_s=1.0) as link:
        assert await word(link, "paused") == "paused", "a pause lasts over a restart"
        assert (await link.asked("resume"))["paused"] is False


async def test_news_are_fetched_only_where_there_is_a_centre(tmp_path: Path) -> None:
    async with running(tmp_path) as store, linked(store, tmp_path) as link:
        assert await word(link, "off") == "off"
        await link.fetch()
        assert link.state() == {"word": "off", "detail": ""}


async def test_an_enrolment_that_comes_and_goes_is_taken_over_when_told(tmp_path: Path) -> None:
    async with running(tmp_path) as store, linked(store, tmp_path, gather_s=0.1, interval_s=1.0) as link:
        assert await word(link, "off") == "off"
        (tmp_path / FILE).write_text(enrolment())
        link.again()
        assert await word(link, "away") == "away"
        assert triggers(store)
        (tmp_path / FILE).unlink()
        link.again()
        assert await word(link, "off") == "off"
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not triggers(store):
                break
        assert triggers(store) == []


@pytest.mark.parametrize(
    "spoilt",
    ["no JSON at all", enrolment(url="postgresql://u:p@h/d"), enrolment(secret="another-word-that-is-long")],
    ids=["no JSON", "a password in the URL", "another's fleet key"],
)
async def test_an_enrolment_that_cannot_be_used_is_told_and_the_daemon_goes_on(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / FILE).write_text(spoilt)
    async with running(tmp_path) as store, linked(store, tmp_path, gather_s=0.1, interval_s=1.0) as link:
        assert await word(link, "refused") == "refused"
        assert SECRET not in str(link.state())
        with pytest.raises(SmartlogError):
            await link.asked("now")
        (tmp_path / FILE).write_text(enrolment())
        link.again()
        assert await word(link, "away") == "away"


async def test_sync_that_is_switched_off_is_no_centre(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(enrolment())
    assert wiring.bundle(read_settings(None, {"device.state_dir": tmp_path})) is not None
    async with running(tmp_path) as store, linked(store, tmp_path, enabled=False) as link:
        assert await word(link, "off") == "off"
        assert triggers(store) == []


async def test_a_log_that_takes_nothing_just_now_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, expected = [], wiring.expected

    async def busy_once(store: Store, *, has_centre: bool) -> None:
        asked.append(has_centre)
        if len(asked) == 1:
            raise DiskTrouble("The change was not made.", fate=Fate.RETRY)
        await expected(store, has_centre=has_centre)

    monkeypatch.setattr(wiring, "expected", busy_once)
    monkeypatch.setattr("smartlogd.syncing.AGAIN_S", 0.5)
    async with running(tmp_path) as store, linked(store, tmp_path) as link:
        assert await word(link, "trouble") == "trouble"
        async with asyncio.timeout(8):
            while len(asked) < 2:
                await asyncio.sleep(0.01)
        assert await word(link, "off") == "off"
