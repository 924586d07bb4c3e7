"""The line to the broker, with other ends that no decent broker is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from broker import fake, free_port

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.mqtt import MOST_BYTES, Line
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.trouble import BrokerAway, BrokerRefuses

WELCOME = {"3.1.1": b"\x20\x02\x00\x00", "5": b"\x20\x03\x00\x00\x00"}
SMALL = b"\x20\x0b\x00\x00\x08\x27\x00\x00\x10\x00\x21\x00\x05"
"""CONNACK of a broker that takes 4096 bytes at most, and five messages at a time."""
Heard = list[tuple[str, bytes, bool]]


def line(port: int, protocol: str = "5", heard: Heard | None = None) -> Line:
    options = MqttOptions(host="127.0.0.1", port=port, tls=False, protocol=protocol)  # type: ignore[arg-type]
    into: Heard = [] if heard is None else heard
    return Line(
        options,
        Login(),
        name="smartlogd-door",
        will="smartlogd/door/status",
        heard=lambda *message: into.append(message),
    )


def says(*answers: bytes) -> Callable[[socket.socket], None]:
    """Gives one answer for each thing that comes, then waits for the other end to hang up."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            assert connection.recv(65536)
            connection.sendall(answer)
        while connection.recv(65536):
            pass

    return talk


async def test_nobody_there_is_away() -> None:
    with pytest.raises(BrokerAway, match="connection refused"):
        await line(free_port()).open()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_whoever_hangs_up_instead_of_a_welcome_is_away(protocol: str) -> None:
    with fake(lambda connection: None) as port, pytest.raises(BrokerAway):
        await line(port, protocol).open()


@pytest.mark.parametrize(
    ("protocol", "answer", "said"),
    [
        ("5", b"\x20\x03\x00\x86\x00", "username"),
        ("5", b"\x20\x03\x00\x87\x00", "does not let"),
        ("5", b"\x20\x03\x00\x84\x00", "version of MQTT"),
        ("3.1.1", b"\x20\x02\x00\x04", "username"),
        ("3.1.1", b"\x20\x02\x00\x05", "does not let"),
    ],
)
async def test_a_refusal_is_told_in_words(protocol: str, answer: bytes, said: str) -> None:
    with fake(says(answer)) as port, pytest.raises(BrokerRefuses, match=said):
        await line(port, protocol).open()


@pytest.mark.parametrize(
    "noise", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02", b"\xff" * 64, b"\x20\x03\x00\x00\xff"]
)
async def test_noise_is_away_and_no_end(noise: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartlogd.telemetry.mqtt._CONNACK_S", 0.3)
    with fake(says(noise)) as port, pytest.raises(BrokerAway):
        await line(port).open()


async def test_a_broker_says_how_much_it_takes() -> None:
    with fake(says(SMALL)) as port:
        made = line(port)
        await made.open()
        assert (made.most_bytes, made.inflight) == (4096 - 512, 5)
        made.cut()
    assert line(free_port()).most_bytes == MOST_BYTES


async def test_a_denied_subscription_is_named() -> None:
    with fake(says(WELCOME["3.1.1"], b"\x90\x04\x00\x01\x01\x80")) as port:
        made = line(port, "3.1.1")
        await made.open()
        assert await made.listen(["a", "b"]) == ("b",)
        made.cut()


async def test_a_message_refused_for_good_is_told_apart_from_a_quota() -> None:
    with fake(says(WELCOME["5"], b"\x40\x04\x00\x01\x87\x00", b"\x40\x04\x00\x02\x97\x00")) as port:
        made = line(port)
        await made.open()
        assert await made.settled(made.send("a", b"")) is False
        with pytest.raises(BrokerAway, match="takes no more"):
            await made.settled(made.send("a", b""))
        made.cut()


async def test_what_waits_for_an_answer_ends_with_the_line() -> None:
    with fake(says(WELCOME["5"])) as port:
        made = line(port)
        await made.open()
        answer = made.send("a", b"")
        made.cut()
        with pytest.raises(BrokerAway, match="lost"):
            await made.settled(answer)
        with pytest.raises(BrokerAway, match="lost"):
            made.send("a", b"")


async def test_a_broker_that_does_not_answer_is_given_up() -> None:
    with fake(says(WELCOME["5"])) as port:
        made = line(port)
        await made.open()
        with pytest.raises(BrokerAway, match="not heard"):
            await made.ask("alive", 0.1)
        made.cut()


async def test_why_the_broker_hangs_up_is_told() -> None:
    with fake(says(WELCOME["5"], b"\xe0\x02\x8e\x00")) as port:
        made = line(port)
        await made.open()
        made.send("a", b"")
        assert "another client of the same name" in str(await made.ended())
        made.cut()


async def test_a_topic_that_is_no_text_is_passed_over() -> None:
    heard: Heard = []
    good, bad = b"\x30\x06\x00\x01a\x00hi", b"\x30\x05\x00\x02\xff\xfe\x00"
    with fake(says(WELCOME["5"], bad + good)) as port:
        made = line(port, heard=heard)
        await made.open()
        made.send("a", b"")
        async with asyncio.timeout(5):
            while not heard:
                await asyncio.sleep(0.01)
        made.cut()
    assert heard == [("a", b"hi", False)]
