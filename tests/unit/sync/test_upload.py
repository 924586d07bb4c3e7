"""The upload's life, with an object store in a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from recordings import ThinMedia, ThinObjects

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.time import SystemClock
from smartlogd.sync.bucket_trouble import NotTaken, ObjectsAway, ObjectsDiffer, ObjectsRefuse
from smartlogd.sync.options import MediaOptions, SyncOptions
from smartlogd.sync.place import Place
from smartlogd.sync.upload import Upload

OPTIONS = SyncOptions(retry_s=0.01, retry_roof_s=0.02, refused_s=1, media=MediaOptions(bucket="clips", look_s=0.2))


@pytest.fixture
def media(tmp_path: Path) -> ThinMedia:
    return ThinMedia(tmp_path)


@asynccontextmanager
async def uploading(media: ThinMedia, objects: ThinObjects, **more: Any) -> AsyncIterator[Upload]:
    made: Any = objects
    upload = Upload(
        media=media, objects=made, options=OPTIONS, folder=media.folder, device="door", clock=SystemClock(), **more
    )
    running = asyncio.create_task(upload.run())
    try:
        yield upload
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_one_after_the_other_goes_up_and_is_noted(media: ThinMedia) -> None:
    objects, made = ThinObjects(), [media.made(100, preview=True) for _ in range(3)]
    media.folder.joinpath(made[2].preview or "").unlink()
    async with uploading(media, objects) as upload:
        await until(lambda: not media.kept)
    assert list(media.there) == [each.id for each in made]
    assert [preview is None for _, preview in media.there.values()] == [False, False, True], "a still may be gone"
    assert (upload.state()["uploaded"], upload.state()["word"]) == (3, "ok")
    assert objects.is_closed


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (ObjectsAway("It is away."), "away"),
        (ObjectsRefuse("It refuses."), "refused"),
        (ObjectsDiffer("It is another."), "held"),
    ],
)
async def test_trouble_is_told_waited_for_and_forgotten(media: ThinMedia, trouble: ObjectsAway, word: str) -> None:
    objects = ThinObjects()
    objects.trouble = trouble
    media.made(100)
    async with uploading(media, objects) as upload:
        await until(lambda: upload.state()["word"] == word)
        assert (upload.state()["detail"], len(media.kept)) == (str(trouble), 1)
        objects.trouble = None
        upload.again()
        await until(lambda: not media.kept and upload.state()["detail"] == "")


async def test_a_new_recording_is_looked_at_at_once_but_ends_no_pause(media: ThinMedia) -> None:
    objects = ThinObjects()
    async with uploading(media, objects) as upload:
        await until(lambda: "unfinished" in objects.calls)
        media.made(100)
        upload.look()
        await until(lambda: not media.kept)
        objects.trouble = ObjectsRefuse("It refuses.")
        media.made(100)
        upload.look()
        await until(lambda: upload.state()["word"] == "refused")
        calls = len(objects.calls)
        for _ in range(5):
            upload.look()
            await asyncio.sleep(0.01)
        assert len(objects.calls) == calls


async def test_one_that_is_not_taken_holds_up_no_other(media: ThinMedia) -> None:
    objects, odd, good = ThinObjects(), media.made(100), media.made(100)
    objects.not_taken[str(odd.id)] = NotTaken("Too large.")
    async with uploading(media, objects) as upload:
        await until(lambda: good.id in media.there)
        assert (upload.state()["aside"], odd.id in media.kept) == (1, True)
        objects.not_taken.clear()
        upload.again()
        await until(lambda: odd.id in media.there)


async def test_the_disks_trouble_is_told_as_such(media: ThinMedia) -> None:
    media.trouble = DiskTrouble("The log cannot be read.")
    async with uploading(media, ThinObjects()) as upload:
        await until(lambda: upload.state()["word"] == "disk")


async def test_what_cannot_be_erased_holds_up_no_upload(media: ThinMedia) -> None:
    objects = ThinObjects()
    objects.refuses_bucket = "elsewhere"
    media.to_erase.append("s3://elsewhere/x.mp4")
    media.made(100)
    async with uploading(media, objects) as upload:
        await until(lambda: not media.kept)
        assert upload.state()["word"] == "refused"
        assert media.to_erase == ["s3://elsewhere/x.mp4"]


async def test_a_uri_that_names_no_place_is_nobodys(media: ThinMedia) -> None:
    media.to_erase.append("file:///clips/x.mp4")
    async with uploading(media, ThinObjects()):
        await until(lambda: not media.to_erase)


async def test_parts_of_who_waits_are_kept_and_those_of_others_given_up(media: ThinMedia) -> None:
    objects, waiting, gone = ThinObjects(), media.made(100), media.made(100)
    del media.kept[gone.id]
    for each in (waiting, gone):
        objects.uploads[Place("clips", f"smartlog/door/2026/11/22/{each.id}.mp4")] = {}
    objects.uploads[Place("clips", "smartlog/door/of-somebody.txt")] = {}
    async with uploading(media, objects):
        await until(lambda: not media.kept)
    assert list(objects.uploads) == [Place("clips", "smartlog/door/of-somebody.txt")]


async def test_the_end_is_told(media: ThinMedia) -> None:
    ended = []

    async def noted() -> None:
        ended.append(True)

    async with uploading(media, ThinObjects(), on_end=noted):
        await asyncio.sleep(0.02)
    assert ended == [True]
