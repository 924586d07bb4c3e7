"""The client of an object store: what it sends, and how it understands what it is told."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from canned import Canned, canned

from smartlogd.base.errors import Missing, SmartlogError, WrongConfiguration
from smartlogd.sync.body import Piece
from smartlogd.sync.bucket_trouble import NotTaken, ObjectsAway, ObjectsDiffer, ObjectsRefuse
from smartlogd.sync.credentials import FILE, Credentials
from smartlogd.sync.options import MediaOptions
from smartlogd.sync.parts import Begun
from smartlogd.sync.place import Place
from smartlogd.sync.s3 import About, Gone, Objects

PLACE = Place("clips", "smartlog/door/a.mp4")


@pytest.fixture(scope="module")
def _server() -> Iterator[Canned]:
    with canned() as told:
        yield told


@pytest.fixture
def server(_server: Canned) -> Canned:
    """Such a server, which was asked nothing yet."""
    _server.asked.clear()
    _server.answers.clear()
    return _server


@pytest.fixture(scope="module")
def _objects(_server: Canned) -> Iterator[Objects]:
    made = Objects(options(_server.url), Credentials("key", "hunter2"), version="9")
    yield made
    made.close()


@pytest.fixture
def objects(_objects: Objects, server: Canned) -> Objects:
    """A client of it, the same for all tests that leave it as it is: making one takes a while."""
    return _objects


def options(endpoint: str, **more: object) -> MediaOptions:
    return MediaOptions(**({"bucket": "clips", "endpoint": endpoint, "connect_s": 2, "answer_s": 2} | more))  # type: ignore[arg-type]


def refusal(code: str, status: int) -> tuple[int, dict[str, str], bytes]:
    return status, {}, f"<Error><Code>{code}</Code><Message>said the server</Message></Error>".encode()


async def test_a_piece_of_a_file_is_sent_as_it_is_with_what_is_said_of_it(
    objects: Objects, server: Canned, tmp_path: Path
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"0123456789")
    server.answers = [(200, {"ETag": '"abc"'}, b"")]
    assert await objects.put(PLACE, Piece(file, 2, 5), About("video/mp4", "f" * 64)) == "abc"
    ((method, path, headers, body),) = server.asked
    assert (method, path, body) == ("PUT", "/clips/smartlog/door/a.mp4", b"23456")
    assert headers["x-amz-meta-sha256"] == "f" * 64
    assert headers["content-type"] == "video/mp4"
    assert headers["user-agent"].startswith("smartlogd/9 ")
    assert "hunter2" not in str(server.asked)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, ObjectsRefuse),
        ("NoSuchBucket", 404, ObjectsRefuse),
        ("InternalError", 500, ObjectsAway),
        ("EntityTooLarge", 400, NotTaken),
        ("MethodNotAllowed", 405, ObjectsDiffer),
    ],
)
async def test_each_refusal_is_told_in_our_words_and_asked_once(
    objects: Objects, server: Canned, tmp_path: Path, code: str, status: int, kind: type[SmartlogError]
) -> None:
    (tmp_path / "a").write_bytes(b"x")
    server.answers = [refusal(code, status)] * 5
    with pytest.raises(kind) as error:
        await objects.put(PLACE, Piece(tmp_path / "a", 0, 1), About("video/mp4"))
    assert len(server.asked) == 1, "it is we who try again, and not the library"
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


async def test_parts_that_somebody_gave_up_are_gone(objects: Objects, server: Canned, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    server.answers = [refusal("NoSuchUpload", 404), refusal("InvalidPart", 400)]
    with pytest.raises(Gone):
        await objects.part(PLACE, Begun("u", {}), 1, Piece(tmp_path / "a", 0, 1))
    with pytest.raises(Gone):
        await objects.finish(PLACE, Begun("u", {}), ["abc"])


async def test_what_is_not_there_is_nothing_and_no_error(objects: Objects, server: Canned) -> None:
    server.answers = [(404, {}, b""), (404, {}, b"")]
    assert await objects.stat(PLACE) is None
    await objects.delete(PLACE)


async def test_a_server_that_says_nothing_is_away_in_time(server: Canned) -> None:
    import time

    def silence() -> tuple[int, dict[str, str], bytes]:
        time.sleep(1.5)
        return 200, {}, b""

    server.answers = [silence]
    slow = Objects(options(server.url, answer_s=1), Credentials("key", "hunter2"))
    async with asyncio.timeout(5):
        with pytest.raises(ObjectsAway, match="cannot be reached"):
            await slow.stat(PLACE)
    slow.close()


async def test_nobody_there_is_away_and_the_sentence_holds_no_key() -> None:
    nobody = Objects(options("http://127.0.0.1:1"), Credentials("the-key", "hunter2"))
    with pytest.raises(ObjectsAway) as error:
        await nobody.stat(PLACE)
    assert "the-key" not in str(error.value)
    nobody.close()


async def test_a_server_without_a_certificate_proves_nothing(server: Canned) -> None:
    plain = Objects(options(server.url.replace("http:", "https:")), Credentials("key", "hunter2"))
    with pytest.raises((ObjectsRefuse, ObjectsAway)):
        await plain.stat(PLACE)
    plain.close()


async def test_a_file_that_became_shorter_is_no_whole_object(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"short")
    async with asyncio.timeout(5):
        with pytest.raises(ObjectsAway):
            await objects.put(PLACE, Piece(tmp_path / "a", 0, 500), About("video/mp4"))


async def test_nothing_is_sent_once_it_is_closed(server: Canned, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    objects = Objects(options(server.url), Credentials("key", "hunter2"))
    await objects.link(PLACE, 60)
    objects.close()
    objects.close()
    with pytest.raises(ObjectsAway, match="stops"):
        await objects.put(PLACE, Piece(tmp_path / "a", 0, 1), About("video/mp4"))
    assert server.asked == []


async def test_a_link_asks_nobody_and_holds_no_secret(objects: Objects, server: Canned) -> None:
    url = await objects.link(PLACE, 60)
    assert url.startswith(f"{server.url}/clips/smartlog/door/a.mp4?")
    assert "X-Amz-Expires=60" in url
    assert "hunter2" not in url
    assert server.asked == []


async def test_where_no_endpoint_is_named_it_is_amazons_of_that_region() -> None:
    amazon = Objects(MediaOptions(bucket="clips", region="eu-central-1"), Credentials("key", "hunter2"))
    assert (await amazon.link(PLACE, 60)).startswith("https://clips.s3.eu-central-1.amazonaws.com/smartlog/door/a.mp4?")
    amazon.close()


async def test_nothing_in_a_home_or_in_the_environment_is_looked_at(
    server: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = mars\ns3 =\n  addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-elses")
    own = Objects(options(server.url), Credentials("key", "hunter2"))
    url = await own.link(PLACE, 60)
    own.close()
    assert url.startswith(f"{server.url}/clips/")
    assert "mars" not in url
    assert "somebody-elses" not in url


async def test_an_authority_that_cannot_be_read_is_a_matter_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    wrong = Objects(options("https://127.0.0.1:1", ca_file=tmp_path / "ca.pem"), Credentials("key", "hunter2"))
    with pytest.raises((WrongConfiguration, ObjectsAway, ObjectsRefuse)):
        await wrong.stat(PLACE)
    wrong.close()


def test_the_keys_come_from_where_they_were_left(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        Objects.of(MediaOptions(bucket="clips"), tmp_path)
    (tmp_path / FILE).write_text("key\nhunter2\n")
    made = Objects.of(MediaOptions(bucket="clips"), tmp_path)
    made.close()
    assert "hunter2" not in repr(vars(made))


def test_a_device_without_a_bucket_does_not_load_the_library() -> None:
    import subprocess

    asked = "import smartlogd.sync.upload, smartlogd.sync.share, sys; print('botocore' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


async def test_a_part_is_sent_from_its_place_and_can_be_read_again(
    objects: Objects, server: Canned, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "a").write_bytes(content)
    server.answers = [(200, {"ETag": '"p"'}, b"")]
    assert await objects.part(PLACE, Begun("u", {}), 2, Piece(tmp_path / "a", 1000, 500_000)) == "p"
    method, path, _, body = server.asked[0]
    assert (method, path.partition("?")[2].split("&")[0]) in {("PUT", "partNumber=2"), ("PUT", "uploadId=u")}
    assert hashlib.sha256(body).digest() == hashlib.sha256(content[1000:501_000]).digest()
