"""Asking whether a broker lets this device in, where there is none; a real one is asked in tests/services."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.reach import reached
from smartlogd.telemetry.trouble import BrokerAway, BrokerTrouble


def options(port: int) -> MqttOptions:
    return MqttOptions(host="127.0.0.1", port=port, tls=False)


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """The port of a server that takes what it is told and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_a_server_that_says_nothing_is_not_waited_for(silent: int) -> None:
    with pytest.raises(BrokerAway, match=r"does not answer within 0\.3 s"):
        await reached(options(silent), Login(), device="door", within_s=0.3)


async def test_where_nobody_listens_it_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BrokerAway, match=f"127.0.0.1:{port}"):
        await reached(options(port), Login(), device="door")


async def test_a_server_that_is_no_broker_is_told_apart() -> None:
    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(chat, "127.0.0.1", 0)
    with pytest.raises(BrokerTrouble):
        await reached(options(server.sockets[0].getsockname()[1]), Login(), device="door", within_s=2)
    server.close()
    await server.wait_closed()
