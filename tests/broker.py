"""A real Mosquitto for the tests: on a free port of the loopback, killed and started again as a test likes.

`make_broker(folder)` speaks plainly; with `tls=True` it has a certificate for `localhost`, with `passwords` it asks for
one, with `acl` it keeps to an access list, and with `client_certificates` it lets in who shows one, by the name in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest
from centre import Authority

_STARTED_S = 10.0
ACL = Path(__file__).parents[1] / "config" / "central" / "mosquitto" / "acl"


def program(name: str = "mosquitto") -> str:
    """The path of Mosquitto, or the reason why the test is skipped."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs {name} (apt install mosquitto)")
    return found


def free_port() -> int:
    """A port of the loopback on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Broker:
    """A Mosquitto with its settings in `folder`; `start`, `kill` and `stop` as often as the test likes."""

    folder: Path
    port: int
    settings: str
    authority: Authority | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program(), "-c", str(self.folder / "mosquitto.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end_s = time.monotonic() + _STARTED_S
        while time.monotonic() < end_s:
            assert self._process.poll() is None, self.log
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.01)
        raise AssertionError(self.log)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def set_password(self, name: str, password: str) -> None:
        """Give somebody a password; a broker that runs reads them again."""
        self.passwords[name] = password
        file = self.folder / "passwords"
        file.write_text("".join(f"{who}:{word}\n" for who, word in self.passwords.items()))
        subprocess.run([program("mosquitto_passwd"), "-U", str(file)], check=True, capture_output=True)
        if self._process is not None:
            self._process.send_signal(1)

    @property
    def log(self) -> str:
        """The end of what it said."""
        return (self.folder / "log").read_text(errors="replace")[-4000:]


def make_broker(
    folder: Path,
    *,
    tls: bool = False,
    passwords: Mapping[str, str] | None = None,
    acl: str | None = None,
    client_certificates: bool = False,
    more: str = "",
) -> Broker:
    """A Mosquitto that is not started yet."""
    program()
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        f"allow_anonymous {str(passwords is None and not client_certificates).lower()}",
    ]
    lines += ["persistence false", "log_dest stderr", "set_tcp_nodelay true", more]
    if os.geteuid() == 0:
        lines.append("user root")  # else it becomes an account that cannot reach a test's folder
    broker = Broker(folder, port, "")
    if tls:
        broker.authority = Authority(folder)
        broker.authority.issue("server", hosts=("localhost",))
        lines += [f"certfile {folder}/server.crt", f"keyfile {folder}/server.key", "tls_version tlsv1.2"]
    if client_certificates:
        lines += [f"cafile {folder}/ca.crt", "require_certificate true", "use_identity_as_username true"]
    if passwords is not None:
        for name, password in passwords.items():
            broker.set_password(name, password)
        lines.append(f"password_file {folder}/passwords")
    if acl is not None:
        (folder / "acl").write_text(acl)
        lines.append(f"acl_file {folder}/acl")
    broker.settings = "\n".join([*lines, ""])
    (folder / "mosquitto.conf").write_text(broker.settings)
    return broker


@dataclass
class Listener:
    """Somebody else at the broker, who hears everything and can say something."""

    client: aiomqtt.Client
    messages: list[aiomqtt.Message] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, topic: str) -> list[bytes]:
        """The payloads that came on a topic, or below it where it ends in a slash, in their order."""
        return [
            bytes(message.payload)
            for message in self.messages
            if str(message.topic) == topic or (topic.endswith("/") and str(message.topic).startswith(topic))
        ]

    async def until(self, is_so: Callable[[], bool], within_s: float = 10.0) -> None:
        """Wait until what was heard is so."""
        try:
            async with asyncio.timeout(within_s):
                while not is_so():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            heard = [(str(message.topic), bytes(message.payload)[:80]) for message in self.messages[-20:]]
            raise AssertionError(f"not heard within {within_s} s; last of all: {heard}") from None

    async def say(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        """Publish something."""
        await self.client.publish(topic, payload, qos=1, retain=retain)

    async def hear(self) -> None:
        """Keep what comes, until cancelled."""
        async for message in self.client.messages:
            self.messages.append(message)
            self._news.set()


@contextlib.asynccontextmanager
async def listening(broker: Broker, topic: str = "#", **options: object) -> AsyncIterator[Listener]:
    """Hear everything on the broker; `options` go to aiomqtt's Client."""
    options = {"hostname": "127.0.0.1", "port": broker.port, "timeout": 10, **options}
    async with aiomqtt.Client(**options) as client:  # type: ignore[arg-type]
        await client.subscribe(topic, qos=1)
        listener = Listener(client)
        hearing = asyncio.create_task(listener.hear())
        try:
            yield listener
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await hearing


class Cable:
    """A network cable between a device and a broker, that can be pulled: then nothing goes through, not even an end.

    What either side sends while it is pulled is lost, as are connections that are made: nobody answers on them. While
    it `is_closed`, connections are refused; `close` ends those that there are.
    """

    def __init__(self, port: int, at: int = 0) -> None:
        self._to, self._at = port, at
        self.is_pulled = False
        self.is_closed = False
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Cable:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._at)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def close(self) -> None:
        """End every connection, and refuse new ones until `is_closed` is unset."""
        self.is_closed = True
        for way in self._ways:
            way.cancel()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this = asyncio.current_task()
        assert this is not None
        if self.is_closed:
            writer.transport.abort()
            return
        self._ways.add(this)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            self._ways.discard(this)
            writer.transport.abort()
            return
        try:
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, far_writer):
                end.transport.abort()
            self._ways.discard(this)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.is_pulled:
                await asyncio.Event().wait()  # silence, and no end, until the test is over
            writer.write(data)
            await writer.drain()
        if self.is_pulled:
            await asyncio.Event().wait()
        raise ConnectionResetError


@contextlib.contextmanager
def fake(answers: Callable[[socket.socket], None]):  # type: ignore[no-untyped-def]
    """Something on a port that is no broker, or a bad one: `answers` talks with each connection, on a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    answers(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def one_broker(folder: Path) -> Iterator[Broker]:
    """A broker that asks for nothing, for as long as the block lasts."""
    made = make_broker(folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()
