"""What waits to be uploaded, what was, and what must be erased."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from reels import filed, files, wanted

from smartlogd.base.known import EventId, Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.store.changes import applied, understood
from smartlogd.store.engine import Store
from smartlogd.store.media import StoreMedia
from smartlogd.store.options import StoreOptions
from smartlogd.store.outcome import Work
from smartlogd.store.shelf import StoreShelf

Running = Callable[[Store], Any]
KEY = "smartlog/door/2027/03/01/{}.preview.png"


@pytest.fixture
async def store(opener: Callable[..., Store], running: Running) -> AsyncIterator[Store]:
    async with running(opener()) as store:
        yield store


@pytest.fixture
async def media(store: Store) -> AsyncIterator[StoreMedia]:
    media = StoreMedia(store)
    yield media
    await media.close()


async def kept(store: Store, at: Stamp, medium: Medium = Medium.CLIP) -> Recording:
    shelf, recording = StoreShelf(store, StoreOptions), wanted(at, medium=medium)
    await shelf.filed(recording.id, filed(recording, store.path.parent, await shelf.plan(recording)))
    return recording


def uri_of(recording: Recording) -> str:
    return f"s3://clips/smartlog/door/2027/03/01/{recording.id}{recording.suffix}"


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "smartlog.db")) as connection:
        return connection.execute(sql).fetchall()


async def delete(store: Store, recording: Recording) -> None:
    asked = understood("recording-delete", {"recording": str(recording.id)})
    await store.change(lambda connection: applied(asked, Work(connection, store.keys, store.path.parent, store.now())))


async def test_the_oldest_that_is_kept_comes_next(store: Store, media: StoreMedia, at: Stamp) -> None:
    assert await media.next() is None
    newer, shot = await kept(store, at.shifted(60)), await kept(store, at, Medium.SNAPSHOT)
    await StoreShelf(store, StoreOptions).plan(wanted(at.shifted(-60)))  # which is not there yet
    first = await media.next()
    assert first is not None
    assert (first.id, first.start, first.path, first.bytes) == (shot.id, at.utc, f"snapshots/{shot.id}.jpg", 1000)
    assert first.preview is None
    second = await media.next(but=[shot.id])
    assert second is not None
    assert (second.id, second.preview, len(second.sha256)) == (newer.id, f"clips/{newer.id}.png", 64)
    assert await media.next(but=[shot.id, newer.id]) is None


async def test_what_is_uploaded_waits_no_more_and_is_known_by_its_uri(
    store: Store, media: StoreMedia, at: Stamp, folder: Path
) -> None:
    clip, shot = await kept(store, at), await kept(store, at, Medium.SNAPSHOT)
    assert await media.waits(clip.id)
    assert await media.uploaded(clip.id, uri_of(clip), KEY.format(clip.id))
    assert await media.uploaded(clip.id, uri_of(clip), KEY.format(clip.id)), "told again, it is still so"
    assert await media.uploaded(shot.id, uri_of(shot), None)
    assert await media.next() is None
    assert not await media.waits(clip.id)
    assert not await media.waits(EventId(uuid4()))
    assert rows(folder, "SELECT phase, s3_uri, preview_png FROM clips") == [
        ("uploaded", uri_of(clip), KEY.format(clip.id))
    ]
    assert rows(folder, "SELECT phase, s3_uri FROM snapshots") == [("uploaded", uri_of(shot))]
    assert len(files(folder)) == 3, "the copies here go when room is wanted"


async def test_what_was_deleted_meanwhile_was_uploaded_for_nothing(store: Store, media: StoreMedia, at: Stamp) -> None:
    clip = await kept(store, at)
    await delete(store, clip)
    assert not await media.uploaded(clip.id, uri_of(clip), None)
    assert not await media.uploaded(EventId(uuid4()), uri_of(clip), None)
    assert await media.unwanted(10) == ()


async def test_what_may_be_there_already_is_to_be_erased_too(
    store: Store, media: StoreMedia, at: Stamp, folder: Path
) -> None:
    clip, shot = await kept(store, at), await kept(store, at, Medium.SNAPSHOT)
    for one in (clip, shot):
        assert await media.going(one.id, uri_of(one))
        assert await media.going(one.id, uri_of(one))
    first = await media.next()
    assert first is not None, "it still waits"
    await delete(store, clip)
    await media.gone(shot.id)
    assert set(await media.unwanted(10)) == {uri_of(clip), uri_of(shot)}
    assert not await media.going(clip.id, uri_of(clip))
    assert not await media.going(EventId(uuid4()), uri_of(clip))
    assert not await media.uploaded(clip.id, uri_of(clip), None)


async def test_what_is_deleted_afterwards_is_to_be_erased(
    store: Store, media: StoreMedia, at: Stamp, folder: Path
) -> None:
    clips = [await kept(store, at.shifted(n)) for n in range(3)]
    for clip in clips:
        await media.uploaded(clip.id, uri_of(clip), KEY.format(clip.id))
    for clip in clips[:2]:
        await delete(store, clip)
    assert set(await media.unwanted(10)) == {uri_of(clip) for clip in clips[:2]}
    assert len(await media.unwanted(1)) == 1
    await media.erased(uri_of(clips[0]))
    await media.erased(uri_of(clips[2]))  # of which it is not so
    assert await media.unwanted(10) == (uri_of(clips[1]),)
    assert rows(folder, "SELECT phase, s3_uri IS NULL FROM clips ORDER BY id") == [
        ("lost", 1), ("lost", 0), ("uploaded", 0),
    ]  # fmt: skip
    assert files(folder) == {f"clips/{clips[2].id}.mp4", f"clips/{clips[2].id}.png"}


async def test_one_whose_file_is_gone_is_lost_and_that_is_noted(
    store: Store, media: StoreMedia, at: Stamp, folder: Path
) -> None:
    clip = await kept(store, at)
    await media.gone(clip.id)
    await media.gone(clip.id)
    await media.gone(EventId(uuid4()))
    assert rows(folder, "SELECT phase, path FROM clips") == [("lost", None)]
    assert files(folder) == set()
    ((noted,),) = rows(folder, "SELECT value FROM meta WHERE key = 'lost'")
    assert json.loads(noted)["clips"][:2] == [1, 1000]
