"""A recording's whole way: from the device's disk into the object store, then its row to the centre, then a link to it.

Nothing stands in for anything but the clock: the device's database, the upload and the sync are those of a daemon, the
centre is a PostgreSQL, and the object store is one.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from centre import Centre
from edge import QUICK, Edge, door_of
from objectstore import ACCESS, SECRET, Bucket

from smartlogd.base.errors import Missing
from smartlogd.base.ids import uuid7
from smartlogd.base.known import EventId, Filed, Medium, Recording
from smartlogd.base.time import SystemClock
from smartlogd.store.media import StoreMedia
from smartlogd.store.options import StoreOptions
from smartlogd.store.shelf import StoreShelf
from smartlogd.sync import share
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions, SyncOptions
from smartlogd.sync.s3 import Objects
from smartlogd.sync.timescale import TimescaleCentre
from smartlogd.sync.upload import Upload

pytestmark = pytest.mark.services

AT_CENTRE = "SELECT phase, s3_uri, bytes, sha256, preview_png FROM clips"


class Filming:
    """A device that records: `film` puts a clip on its shelf, `upload` carries them away while it lives."""

    def __init__(self, edge: Edge, bucket: Bucket) -> None:
        self.edge, self.bucket = edge, bucket
        self.options = _options(bucket)
        self.shelf = StoreShelf(edge.store, lambda: StoreOptions(keep_free_mib=1))
        self.media = StoreMedia(edge.store)
        self.upload = Upload(
            media=self.media, objects=Objects(self.options.media, Credentials(ACCESS, SECRET)), options=self.options,
            folder=edge.folder, device=edge.name, clock=edge.wall, on_end=self.media.close,
        )  # fmt: skip
        self._running = asyncio.create_task(self.upload.run())

    async def film(self, content: bytes) -> EventId:
        """A clip is cut, and filed with a still of it."""
        at = self.edge.wall.now()
        recording = Recording(EventId(uuid7(at)), Medium.CLIP, at, 10.0, ".mp4", ("dog",))
        path = await self.shelf.plan(recording)
        file = self.edge.folder / path
        file.write_bytes(content)
        still = Path(path).with_suffix(".jpg")
        (self.edge.folder / still).write_bytes(b"a still")
        hash_ = hashlib.sha256(content).hexdigest()
        await self.shelf.filed(recording.id, Filed(path, len(content), hash_, at, 10.0, str(still)))
        self.upload.again()
        return recording.id

    async def close(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


def _options(bucket: Bucket) -> SyncOptions:
    media = MediaOptions(bucket=bucket.name, endpoint=bucket.store.url, look_s=0.2, connect_s=5, answer_s=10)
    return QUICK.model_copy(update={"media": media, "refused_s": 1.0})


@pytest.fixture
async def edge(tmp_path: Path, centre: Centre) -> AsyncIterator[Edge]:
    made = await Edge(tmp_path / "door", centre, "door").start()
    yield made
    await made.stop()


@pytest.fixture
async def door(edge: Edge, bucket: Bucket) -> AsyncIterator[Filming]:
    made = Filming(edge, bucket)
    yield made
    await made.close()


async def until(is_so: Callable[[], object], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.05)


async def shared(door: Filming, recording: EventId, uses: int = 2) -> str:
    """A link to it; its token."""
    token = secrets.token_urlsafe(32)
    hash_ = hashlib.sha256(token.encode()).hexdigest()
    await door.edge.change("share", recording=str(recording), token_sha256=hash_, expires_s=86400.0 * 5, uses=uses)
    return token


def phases(edge: Edge) -> list[str]:
    return [phase for (phase,) in edge.ask("SELECT phase FROM clips ORDER BY id")]


async def test_the_row_comes_to_the_centre_after_the_object_and_a_link_opens_it(
    door: Filming, centre: Centre, bucket: Bucket
) -> None:
    await asyncio.sleep(0.3)
    bucket.store.kill()
    id_ = await door.film(b"film" * 5000)
    token = await shared(door, id_)
    await until(lambda: door.upload.state()["word"] == "away")
    await door.edge.catch_up(60)
    assert (phases(door.edge), centre.execute(AT_CENTRE)) == (["kept"], [])
    assert centre.execute("SELECT count(*) FROM events WHERE type = 'clip_saved'") == [(1,)]

    await asyncio.to_thread(bucket.store.start)
    await until(lambda: phases(door.edge) == ["uploaded"])
    await door.edge.catch_up(60)
    ((phase, uri, size, sha256, preview),) = centre.execute(AT_CENTRE)
    assert (phase, size, sha256) == ("uploaded", 20_000, hashlib.sha256(b"film" * 5000).hexdigest())
    key = uri.removeprefix(f"s3://{bucket.name}/")
    assert sorted(bucket.names()) == sorted([key, preview])

    line = TimescaleCentre(door_of(centre, door.edge.enrolled), door.options, version="test")
    objects = Objects(door.options.media, Credentials(ACCESS, SECRET))
    opened = await share.opened(line, token)
    assert (opened.recording, opened.device, opened.place.key, opened.uses_left) == (id_, "door", key, 1)
    url = await share.link(objects, opened, 60, SystemClock().now().utc)
    assert await asyncio.to_thread(fetched, url) == b"film" * 5000
    assert share.opened_by_administrator(_administrator(centre), token).uses_left == 0
    with pytest.raises(Missing, match="opens nothing"):
        await share.opened(line, token)
    await line.close()
    objects.close()


async def test_what_is_deleted_leaves_object_store_and_centre(door: Filming, centre: Centre, bucket: Bucket) -> None:
    kept, deleted = await door.film(b"one"), await door.film(b"two")
    await until(lambda: phases(door.edge) == ["uploaded"] * 2)
    token = await shared(door, deleted)
    await door.edge.catch_up(60)
    await door.edge.change("recording-delete", recording=str(deleted))
    door.upload.again()
    await until(lambda: len(bucket.names()) == 2)
    await door.edge.catch_up(60)
    assert all(str(kept) in key for key in bucket.names())
    assert centre.execute("SELECT phase, s3_uri IS NULL FROM clips ORDER BY id") == [
        ("uploaded", False),
        ("lost", True),
    ]
    with pytest.raises(Missing):
        share.opened_by_administrator(_administrator(centre), token)


async def test_a_crash_anywhere_on_the_way_leaves_one_object_and_one_row(
    tmp_path: Path, centre: Centre, bucket: Bucket
) -> None:
    edge = await Edge(tmp_path / "door", centre, "door").start()
    filming = Filming(edge, bucket)
    for number in range(4):
        await filming.film(bytes([number]) * 3_000_000)
        await asyncio.sleep(0.03 * number)
        await filming.close()
        await edge.crash()
        await edge.start()
        filming = Filming(edge, bucket)
        await filming.shelf.recover()
    await until(lambda: set(phases(edge)) <= {"uploaded", "lost"})
    await edge.catch_up(60)
    await filming.close()
    await edge.stop()
    rows = centre.execute("SELECT event_id::text, s3_uri FROM clips WHERE phase = 'uploaded'")
    assert len(rows) == 4
    assert {uri.removeprefix(f"s3://{bucket.name}/") for _, uri in rows} == {
        key for key in bucket.names() if key.endswith(".mp4")
    }
    assert bucket.unfinished() == []


async def test_what_was_there_before_a_crash_could_note_it_is_erased_when_it_is_deleted(
    tmp_path: Path, centre: Centre, bucket: Bucket
) -> None:
    edge = await Edge(tmp_path / "door", centre, "door").start()
    filming = Filming(edge, bucket)

    async def killed(*_: object) -> bool:
        await asyncio.sleep(60)
        return True

    filming.media.uploaded = killed  # type: ignore[method-assign]
    id_ = await filming.film(b"someone's face")
    await until(lambda: len(bucket.names()) == 2)
    await filming.close()
    await edge.crash()
    await edge.start()
    await edge.change("recording-delete", recording=str(id_))
    filming = Filming(edge, bucket)
    await until(lambda: not bucket.names())
    await filming.close()
    await edge.stop()


async def test_a_device_without_a_bucket_tells_the_centre_of_the_event_and_of_no_recording(
    edge: Edge, centre: Centre
) -> None:
    shelf = StoreShelf(edge.store, lambda: StoreOptions(keep_free_mib=1))
    at = edge.wall.now()
    recording = Recording(EventId(uuid7(at)), Medium.CLIP, at, 10.0, ".mp4")
    path = await shelf.plan(recording)
    (edge.folder / path).write_bytes(b"film")
    hash_ = hashlib.sha256(b"film").hexdigest()
    await shelf.filed(recording.id, Filed(path, 4, hash_, at, 10.0))
    await edge.catch_up(60)
    assert centre.execute("SELECT (SELECT count(*) FROM clips), count(*) FROM events WHERE type = 'clip_saved'") == [
        (0, 1)
    ]


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def _administrator(centre: Centre):
    from smartlogd.sync.administrator import administrator

    return administrator(None, {"DATABASE_URL": centre.url})
