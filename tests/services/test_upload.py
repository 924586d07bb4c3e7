"""Recordings on their way into a real object store, and what may happen to them there and back."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from objectstore import ACCESS, SECRET, Bucket
from proxy import proxy
from recordings import MIB, ThinMedia

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.known import Kept
from smartlogd.base.time import SystemClock
from smartlogd.sync.body import Piece
from smartlogd.sync.bucket_trouble import ObjectsAway, ObjectsRefuse
from smartlogd.sync.carry import Cargo, Carrier, Damaged
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions, SyncOptions
from smartlogd.sync.place import Place
from smartlogd.sync.s3 import About, Objects
from smartlogd.sync.upload import Upload

pytestmark = pytest.mark.services

PREFIX = "smartlog/door/"


@pytest.fixture
def media(tmp_path: Path) -> ThinMedia:
    return ThinMedia(tmp_path)


def options(where: Bucket, **more: object) -> SyncOptions:
    media = {"bucket": where.name, "endpoint": where.store.url, "look_s": 0.2, "connect_s": 5, "answer_s": 10}
    return SyncOptions(
        retry_s=0.05, retry_roof_s=0.2, refused_s=1, media=MediaOptions(**(media | {"part_mib": 5} | more))
    )


_made: list[Objects] = []


@pytest.fixture(autouse=True)
def _hung_up() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


def objects(given: SyncOptions, secret: str = SECRET) -> Objects:
    """A client as the daemon makes it; it hangs up after the test."""
    _made.append(Objects(given.media, Credentials(ACCESS, secret), version="test"))
    return _made[-1]


@asynccontextmanager
async def uploading(
    media: ThinMedia, given: SyncOptions, *, secret: str = SECRET, **more: object
) -> AsyncIterator[Upload]:
    """An upload at work."""
    upload = Upload(
        media=media, objects=objects(given, secret), options=given, folder=media.folder, device="door",
        clock=SystemClock(), **more,
    )  # fmt: skip
    running = asyncio.create_task(upload.run())
    try:
        yield upload
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(is_so: Callable[[], bool], within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.02)


async def idle(_sent: int) -> None:
    """Nothing goes before."""


def cargo(media: ThinMedia, bucket: Bucket, kept: Kept, key: str = "x.mp4") -> Cargo:
    return Cargo(media.path(kept), kept.bytes, kept.sha256, Place(bucket.name, key))


# The whole way ---------------------------------------------------------------------------------------


async def test_recordings_are_uploaded_whole_and_in_parts_the_oldest_first(bucket: Bucket, media: ThinMedia) -> None:
    small, large = media.made(MIB, preview=True), media.made(45 * MIB)
    async with uploading(media, options(bucket)) as upload:
        await until(lambda: not media.kept)
        state = upload.state()
    key = f"{PREFIX}2026/11/22/{small.id}.mp4"
    assert media.there[small.id] == (f"s3://{bucket.name}/{key}", f"{PREFIX}2026/11/22/{small.id}.preview.jpg")
    assert list(media.there) == [small.id, large.id]
    assert bucket.sha256(key) == small.sha256
    assert bucket.sha256(f"{PREFIX}2026/11/22/{large.id}.mp4") == large.sha256
    head = bucket.client.head_object(Bucket=bucket.name, Key=key)
    assert (head["ContentType"], head["Metadata"]) == ("video/mp4", {"sha256": small.sha256})
    still = bucket.client.head_object(Bucket=bucket.name, Key=f"{PREFIX}2026/11/22/{small.id}.preview.jpg")
    assert still["ContentType"] == "image/jpeg"
    assert (state["word"], state["uploaded"], state["bytes"]) == ("ok", 2, 46 * MIB)
    assert bucket.unfinished() == []


async def test_a_new_recording_is_taken_at_once_when_told(bucket: Bucket, media: ThinMedia) -> None:
    async with uploading(media, options(bucket, look_s=3600)) as upload:
        await asyncio.sleep(0.3)
        media.made(1000)
        upload.look()
        await until(lambda: not media.kept, 5)


async def test_rows_go_first_for_a_while(bucket: Bucket, media: ThinMedia) -> None:
    media.made(1000)
    rows = True
    async with uploading(media, options(bucket), are_rows_sent=lambda: rows) as upload:
        await until(lambda: upload.state()["word"] == "rows first")
        assert (bucket.names(), upload.state()["sending_bytes"]) == ([], 1000)
        rows = False
        await until(lambda: not media.kept)
    media.made(1000)
    async with uploading(media, options(bucket, rows_first_s=0.3), are_rows_sent=lambda: True):
        await until(lambda: not media.kept, 5)


async def test_what_must_be_forgotten_leaves_the_object_store_with_its_still(bucket: Bucket, media: ThinMedia) -> None:
    one, other = media.made(1000, preview=True), media.made(1000, preview=True)
    async with uploading(media, options(bucket)) as upload:
        await until(lambda: not media.kept)
        assert len(bucket.names()) == 4
        media.to_erase.append(media.there[one.id][0])
        upload.again()
        await until(lambda: not media.to_erase)
    assert bucket.names() == sorted(f"{PREFIX}2026/11/22/{other.id}{end}" for end in (".mp4", ".preview.jpg"))


async def test_someone_forgotten_while_it_was_sent_is_not_there_afterwards(bucket: Bucket, media: ThinMedia) -> None:
    kept = media.made(1000, preview=True)

    async def forgotten(recording: object, uri: str, preview: str | None) -> bool:
        media.kept.pop(kept.id, None)
        return False

    media.uploaded = forgotten  # type: ignore[method-assign, assignment]
    async with uploading(media, options(bucket)) as upload:
        await until(lambda: not media.kept and upload.state()["word"] == "ok")
    assert bucket.names() == []


# What goes wrong -------------------------------------------------------------------------------------


async def test_a_server_that_dies_in_the_middle_is_sent_the_rest_when_it_is_back(
    bucket: Bucket, media: ThinMedia, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "smartlogd.sync")
    kept = media.made(24 * MIB)
    given = options(bucket)
    client = objects(given)
    place = Place(bucket.name, f"{PREFIX}2026/11/22/{kept.id}.mp4")
    about = About("video/mp4", kept.sha256)
    begun = await client.begin(place, about)  # as a run that was killed left it: two parts of three
    for number in (1, 2):
        await client.part(place, begun, number, Piece(media.path(kept), (number - 1) * 10 * MIB, 10 * MIB))
    bucket.store.kill()
    async with uploading(media, given) as upload:
        await until(lambda: upload.state()["word"] == "away")
        assert "cannot be reached" in str(upload.state()["detail"])
        await asyncio.to_thread(bucket.store.start)
        await until(lambda: not media.kept)
    assert bucket.sha256(place.key) == kept.sha256
    assert bucket.unfinished() == []
    (record,) = [record for record in caplog.records if record.message == "recording uploaded"]
    assert record.__dict__["bytes"] == 4 * MIB, "only the part that was missing"


async def test_a_line_that_breaks_again_and_again_gets_a_large_file_through(bucket: Bucket, media: ThinMedia) -> None:
    kept = media.made(22 * MIB)
    async with proxy(bucket.store.port) as way:
        given = options(bucket, endpoint=way.url)
        way.cut_after = 8 * MIB
        async with uploading(media, given) as upload:
            await until(lambda: way.cut_after is None)
            way.passed, way.cut_after = 0, 13 * MIB  # after two parts, in the middle of the third
            await until(lambda: way.cut_after is None and upload.state()["word"] != "")
            way.passed = 0
            await until(lambda: not media.kept)
        assert way.passed < 16 * MIB, "what was there already was not sent again"
    assert bucket.sha256(bucket.names()[0]) == kept.sha256
    assert bucket.unfinished() == []


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "away"),
        (b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "away"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", "held"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "away"),
    ],
    ids=["busy", "full", "another", "no-http"],
)
async def test_whatever_a_server_answers_nothing_is_lost(
    bucket: Bucket, media: ThinMedia, answer: bytes, word: str
) -> None:
    media.made(1000)
    async with proxy(bucket.store.port) as way:
        way.answer = answer
        async with uploading(media, options(bucket, endpoint=way.url)) as upload:
            await until(lambda: upload.state()["word"] != "ok" and way.answered > 0)
            assert upload.state()["word"] in {word, "trouble", "away"}
            assert (len(media.kept), media.lost) == (1, [])
            way.answer = None
            upload.again()
            await until(lambda: not media.kept)
    assert len(bucket.names()) == 1


async def test_a_wrong_secret_is_told_and_stands_nowhere(
    bucket: Bucket, media: ThinMedia, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "smartlogd.sync")
    media.made(1000)
    async with uploading(media, options(bucket), secret="a-wrong-secret") as upload:
        await until(lambda: upload.state()["word"] == "refused")
        state = upload.state()
    assert "SignatureDoesNotMatch" in str(state["detail"])
    assert len(media.kept) == 1
    for told in (caplog.text, repr(state), repr(upload), repr(vars(objects(options(bucket), "a-wrong-secret")))):
        assert "a-wrong-secret" not in told
        assert ACCESS not in told


async def test_a_missing_bucket_is_told_and_taken_once_it_is_there(bucket: Bucket, media: ThinMedia) -> None:
    media.made(1000)
    name = f"{bucket.name}-later"
    async with uploading(media, options(bucket, bucket=name)) as upload:
        await until(lambda: upload.state()["word"] == "refused")
        assert "no such bucket" in str(upload.state()["detail"])
        bucket.client.create_bucket(Bucket=name)
        await until(lambda: not media.kept)


async def test_a_clock_that_is_wrong_is_told(bucket: Bucket, media: ThinMedia, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore import auth

    late = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(hours=2)
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_, **__: late)
    media.made(1000)
    async with uploading(media, options(bucket)) as upload:
        await until(lambda: upload.state()["word"] == "away")
        assert "clock is wrong" in str(upload.state()["detail"])
        monkeypatch.undo()
        await until(lambda: not media.kept)


async def test_a_file_that_is_another_than_was_filed_is_lost_and_left_nowhere(bucket: Bucket, media: ThinMedia) -> None:
    harmed, short, gone, large = (media.made(size) for size in (1000, 1000, 1000, 45 * MIB))
    media.path(harmed).write_bytes(b"x" * 1000)
    media.path(short).write_bytes(b"x")
    media.path(gone).unlink()
    with media.path(large).open("r+b") as file:
        file.seek(44 * MIB)
        file.write(b"harm")
    good = media.made(1000)
    async with uploading(media, options(bucket)):
        await until(lambda: not media.kept)
    assert media.lost == [harmed.id, short.id, gone.id, large.id]
    assert bucket.names() == [f"{PREFIX}2026/11/22/{good.id}.mp4"]
    assert bucket.unfinished() == []


async def test_what_was_begun_for_recordings_that_wait_no_more_is_given_up(bucket: Bucket, media: ThinMedia) -> None:
    waiting, gone = media.made(1000), media.made(1000)
    client = objects(options(bucket))
    about = About("video/mp4", "a" * 64)
    for kept in (waiting, gone):
        await client.begin(Place(bucket.name, f"{PREFIX}2026/11/22/{kept.id}.mp4"), about)
    await client.begin(Place(bucket.name, "smartlog/another-device/x.mp4"), about)
    media.kept.clear()

    async def is_waiting(recording: object) -> bool:
        return recording == waiting.id

    media.waits = is_waiting  # type: ignore[method-assign, assignment]
    async with uploading(media, options(bucket)):
        await until(lambda: len(bucket.unfinished()) == 2)
    assert sorted(bucket.unfinished()) == sorted(
        [f"{PREFIX}2026/11/22/{waiting.id}.mp4", "smartlog/another-device/x.mp4"]
    )


async def test_a_disk_that_cannot_be_read_loses_nothing(bucket: Bucket, media: ThinMedia) -> None:
    media.made(1000)
    media.trouble = DiskTrouble("The disk cannot be read.")
    async with uploading(media, options(bucket)) as upload:
        await until(lambda: upload.state()["word"] == "disk")
        media.trouble = None
        await until(lambda: not media.kept)


async def test_a_stop_in_the_middle_of_a_slow_upload_is_quick(bucket: Bucket, media: ThinMedia) -> None:
    media.made(30 * MIB)
    async with proxy(bucket.store.port) as way:
        way.per_s = MIB
        loop = asyncio.get_running_loop()
        async with uploading(media, options(bucket, endpoint=way.url)):
            await until(lambda: way.passed > 0)
            began_s = loop.time()
        assert loop.time() - began_s < 1.0
    assert bucket.names() == []


# One file --------------------------------------------------------------------------------------------


async def test_a_file_that_is_there_already_is_not_sent_again(bucket: Bucket, media: ThinMedia) -> None:
    kept = media.made(12 * MIB)
    carrier = Carrier(objects(options(bucket)), 5)
    carrier._size = carrier._size.after_failure()
    there = cargo(media, bucket, kept)
    assert await carrier.carry(there, idle) == 12 * MIB
    carrier._size = carrier._size.after_failure()
    assert await carrier.carry(there, idle) == 0
    other = media.made(12 * MIB)
    assert await carrier.carry(cargo(media, bucket, other), idle) == 12 * MIB, "but another file of that name is"
    assert bucket.sha256("x.mp4") == other.sha256


async def test_parts_that_are_there_but_of_another_file_are_sent_anew(bucket: Bucket, media: ThinMedia) -> None:
    kept, other, client = media.made(12 * MIB), media.made(12 * MIB), objects(options(bucket))
    there = cargo(media, bucket, kept)
    for _ in range(2):
        begun = await client.begin(there.place, there.about)
        await client.part(there.place, begun, 1, Piece(media.path(other), 0, 5 * MIB))
    assert len(await client.begun(there.place)) == 2
    carrier = Carrier(client, 5)
    carrier.begun.add(there.place)
    assert await carrier.carry(there, idle) == 12 * MIB
    assert (bucket.sha256("x.mp4"), bucket.unfinished()) == (kept.sha256, [])


async def test_an_etag_of_another_kind_is_no_proof_and_the_object_is_read_back(
    bucket: Bucket, media: ThinMedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, client = media.made(1000), objects(options(bucket))
    put, read = client.put, []

    async def odd(*sent: object) -> str:
        await put(*sent)  # type: ignore[arg-type]
        return "made-in-another-way"

    monkeypatch.setattr(client, "put", odd)
    back = client.read

    async def noted(place: Place, take: Callable[[bytes], object]) -> None:
        read.append(place.key)
        await back(place, take)

    monkeypatch.setattr(client, "read", noted)
    assert await Carrier(client, 5).carry(cargo(media, bucket, kept), idle) == 1000
    assert read == ["x.mp4"]

    async def harmed(place: Place, piece: Piece, about: About) -> str:
        bucket.client.put_object(Bucket=bucket.name, Key=place.key, Body=b"other bytes")
        return "made-in-another-way"

    monkeypatch.setattr(client, "put", harmed)
    with pytest.raises(ObjectsAway, match="other bytes"):
        await Carrier(client, 5).carry(cargo(media, bucket, kept), idle)
    assert bucket.names() == []


async def test_a_damaged_file_takes_its_parts_with_it(bucket: Bucket, media: ThinMedia) -> None:
    kept = media.made(12 * MIB)
    there = Cargo(media.path(kept), kept.bytes, "b" * 64, Place(bucket.name, "x.mp4"))
    carrier = Carrier(objects(options(bucket)), 5)
    for small in (False, True):
        if small:
            carrier._size = carrier._size.after_failure()
        with pytest.raises(Damaged):
            await carrier.carry(there, idle)
        assert (bucket.names(), bucket.unfinished()) == ([], [])


# Links -----------------------------------------------------------------------------------------------


async def test_an_address_opens_for_everyone_and_only_for_a_while(bucket: Bucket, media: ThinMedia) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="a/b c.mp4", Body=b"film", ContentType="video/mp4")
    client = objects(options(bucket))

    def fetched(url: str) -> tuple[bytes, str]:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read(), answer.headers["Content-Type"]

    url = await client.link(Place(bucket.name, "a/b c.mp4"), 60)
    assert await asyncio.to_thread(fetched, url) == (b"film", "video/mp4")
    assert SECRET not in url
    short = await client.link(Place(bucket.name, "a/b c.mp4"), 1)
    await asyncio.sleep(2.1)
    for wrong in (short, url.replace("b%20c", "other"), url.partition("?")[0]):
        with pytest.raises(urllib.error.HTTPError) as error:
            await asyncio.to_thread(fetched, wrong)
        error.value.close()
        assert error.value.code in {400, 401, 403}


async def test_a_bucket_is_listed_in_pages_and_what_is_not_there_is_deleted_already(bucket: Bucket) -> None:
    client = objects(options(bucket))
    for number in range(3):
        bucket.client.put_object(Bucket=bucket.name, Key=f"{PREFIX}{number}.mp4", Body=b"x" * number)
    bucket.client.put_object(Bucket=bucket.name, Key="smartlog/other/1.mp4", Body=b"x")
    listed = await client.listed(Place(bucket.name, PREFIX))
    assert [(each.key, each.bytes) for each in listed] == [(f"{PREFIX}{number}.mp4", number) for number in range(3)]
    await client.delete(Place(bucket.name, "nothing"))
    assert await client.stat(Place(bucket.name, "nothing")) is None
    assert await client.abandon(Place(bucket.name, "nothing")) == 0
    with pytest.raises(ObjectsRefuse, match="no such bucket"):
        await client.listed(Place(f"{bucket.name}-none", PREFIX))


# The measure -----------------------------------------------------------------------------------------


async def test_an_upload_is_measured_beside_a_bare_client_and_leaves_nothing(bucket: Bucket, tmp_path: Path) -> None:
    from smartlogd.cli.bench.upload import upload

    said: list[str] = []
    measured = await upload(options(bucket).media, Credentials(ACCESS, SECRET), tmp_path, 24, 2, said.append)
    assert (measured.bytes, len(measured.ours_s), len(measured.bare_s), len(said)) == (24 * MIB, 2, 2, 2)
    assert measured.ratio > 0.3, "a loaded machine, a few rounds: bench upload says how much it is"
    assert (bucket.names(), bucket.unfinished(), list(tmp_path.iterdir())) == ([], [], [])
