"""One page for programs of the same machine, asked by raw requests, well-behaved and not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smartlogd.base.errors import Fate, SmartlogError
from smartlogd.base.time import monotonic_s
from smartlogd.telemetry import page
from smartlogd.telemetry.page import MOST_CLIENTS, MOST_REQUEST, Page

TEXT = b"frames 7\n"


@contextlib.asynccontextmanager
async def served(listen: str) -> AsyncIterator[Page]:
    """A page that is being served, until the test is done with it."""
    there = Page(listen, "/metrics", "text/plain", lambda: TEXT)
    running = asyncio.create_task(there.run())
    socket_path = Path(listen.removeprefix("unix:"))
    while not (there.port or socket_path.exists() or running.done()):
        await asyncio.sleep(0.005)
    try:
        yield there
    finally:
        running.cancel()
        await asyncio.wait([running])


@pytest.fixture
async def there() -> AsyncIterator[Page]:
    async with served("127.0.0.1:0") as running:
        yield running


async def said(there: Page, request: bytes) -> bytes:
    """The whole answer to a request, sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def status(answer: bytes) -> int:
    return int(answer.split()[1])


async def test_the_page_is_given_whole_and_the_line_closed(there: Page) -> None:
    answer = await said(there, b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\nAccept: */*\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n")
    assert b"\r\nConnection: close" in head
    assert body == TEXT


async def test_head_gives_the_same_without_the_page(there: Page) -> None:
    get, head = [await said(there, method + b" /metrics HTTP/1.0\r\n\r\n") for method in (b"GET", b"HEAD")]
    assert get == head + TEXT


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        (b"GET /metrics?now HTTP/1.1", 200),
        (b"GET / HTTP/1.1", 404),
        (b"GET /metrics/../etc/passwd HTTP/1.1", 404),
        (b"HEAD /other HTTP/1.1", 404),
        (b"POST /metrics HTTP/1.1", 405),
        (b"CONNECT 127.0.0.1:22 HTTP/1.1", 405),
        (b"GET /metrics HTTP/2.0", 400),
        (b"get /metrics HTTP/1.1", 400),
        (b"GET  /metrics HTTP/1.1", 400),
        (b"\x16\x03\x01\x02\x00\x01\xff", 400),
    ],
)
async def test_anything_else_is_answered_by_its_number(there: Page, request_line: bytes, code: int) -> None:
    assert status(await said(there, request_line + b"\r\n\r\n")) == code


@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        (b"Host: localhost\r\n", 200),
        (b"hOsT:[::1]:9464\r\n", 200),
        (b"Host: camera.example:9464\r\n", 403),  # a name of somebody else's that leads here
        (b"Host: 127.0.0.1.camera.example\r\n", 403),
        (b"Host: localhost\r\nHost: camera.example\r\n", 403),
    ],
)
async def test_who_was_lured_here_by_another_name_is_refused(there: Page, hosts: bytes, code: int) -> None:
    assert status(await said(there, b"GET /metrics HTTP/1.1\r\n" + hosts + b"\r\n")) == code


async def test_a_request_that_does_not_end_is_cut_off(there: Page) -> None:
    answer = await said(there, b"GET /metrics HTTP/1.1\r\nCookie: " + b"x" * MOST_REQUEST)
    assert status(answer) == 431


async def test_who_says_nothing_is_hung_up_on(there: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ASK_S", 0.05)
    assert await said(there, b"GET /metrics") == b""


async def test_who_leaves_in_mid_sentence_harms_nobody(there: Page) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", there.port)
    writer.write(b"GET /met")
    writer.close()
    assert status(await said(there, b"GET /metrics HTTP/1.1\r\n\r\n")) == 200


async def test_no_more_than_a_few_are_served_at_once_and_the_next_one_is_told(there: Page) -> None:
    lines = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(MOST_CLIENTS)]
    await asyncio.sleep(0.05)
    assert status(await said(there, b"")) == 503  # at once: nobody waits for what it would ask
    for _, writer in lines:
        writer.close()
    await asyncio.sleep(0.05)
    assert status(await said(there, b"GET /metrics HTTP/1.1\r\n\r\n")) == 200


async def test_who_still_hangs_on_does_not_hold_up_the_end() -> None:
    async with served("127.0.0.1:0") as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        await asyncio.sleep(0.05)
        began_s = monotonic_s()
    assert monotonic_s() - began_s < 1
    assert await reader.read() == b""
    writer.close()


async def test_the_other_loopback_serves_as_well() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with served("[::1]:0") as there:
        reader, writer = await asyncio.open_connection("::1", there.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        assert (await reader.read()).endswith(TEXT)
        writer.close()


async def test_a_unix_socket_is_for_owner_and_group_by_whatever_name_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))  # by a daemon that died
    left.close()
    async with served(f"unix:{path}"):
        await asyncio.sleep(0.05)
        assert stat.S_IMODE(path.lstat().st_mode) == 0o660
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: proxy.example\r\n\r\n")
        assert (await reader.read()).endswith(TEXT)
        writer.close()
    assert not path.exists()


@pytest.mark.parametrize("listen", ["127.0.0.1:99999", "unix:/no/such/folder/metrics.sock"])
async def test_where_nobody_can_listen_it_says_so(listen: str) -> None:
    with pytest.raises(SmartlogError, match=f"cannot be offered at {listen}") as error:
        await Page(listen, "/metrics", "text/plain", lambda: TEXT).run()
    assert error.value.fate is Fate.RETRY


async def test_a_port_that_is_taken_is_tried_again_later(there: Page) -> None:
    with pytest.raises(SmartlogError, match=r"address already in use\. Is another program") as error:
        await Page(f"127.0.0.1:{there.port}", "/metrics", "text/plain", lambda: TEXT).run()
    assert error.value.fate is Fate.RETRY
