"""Logging in at a real broker: TLS, passwords, client certificates; and what is said where it does not let us in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, listening, make_broker
from centre import Authority
from speaker import FileFeed, Speaker, options

from smartlogd.telemetry.login import FILE, Login

Made = Callable[..., Broker]


@pytest.fixture(params=["3.1.1", "5"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Makes the broker of the test, and ends it."""
    brokers: list[Broker] = []

    def make(**how: Any) -> Broker:
        brokers.append(make_broker(tmp_path / "broker", **how))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.kill()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The device's own folder."""
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    return folder


def device(broker: Broker, own: Path, protocol: str, **more: Any) -> Speaker:
    """One that reaches the broker over TLS, with the password in its state folder."""
    assert broker.authority is not None
    settings = {"tls": True, "host": "localhost", "ca_file": broker.authority.path, "protocol": protocol, **more}
    made = options(broker.port, **settings)
    return Speaker(made, FileFeed(own / "events"), login=Login.of(made, state=own))


def write_password(own: Path, password: str) -> None:
    (own / FILE).write_text(password + "\n")
    (own / FILE).chmod(0o600)


async def test_a_wrong_password_is_refused_and_the_right_one_taken_from_its_file(
    made: Made, own: Path, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = made(tls=True, passwords={"door": "hunter2"})
    broker.start()
    write_password(own, "hunter1")
    speaker = device(broker, own, protocol, username="door")
    async with speaker.running():
        said = await speaker.until("refused")
        assert "Check" in str(said["detail"])
        write_password(own, "hunter2")
        await speaker.until("online", 3)
        assert "hunter" not in caplog.text + repr(speaker.login) + str(speaker.broker.state())


async def test_a_password_mended_at_the_broker_is_taken(made: Made, own: Path, protocol: str) -> None:
    broker = made(tls=True, passwords={"door": "hunter2"})
    broker.start()
    write_password(own, "hunter3")
    speaker = device(broker, own, protocol, username="door")
    async with speaker.running():
        await speaker.until("refused")
        broker.set_password("door", "hunter3")
        await speaker.until("online", 3)


async def test_a_password_file_that_went_is_a_refusal_and_no_end(made: Made, own: Path) -> None:
    broker = made(tls=True, passwords={"door": "hunter2"})
    write_password(own, "hunter2")
    speaker = device(broker, own, "5", username="door", password_file=own / FILE)
    (own / FILE).unlink()
    async with speaker.running():
        said = await speaker.until("refused")
        assert "is not there" in str(said["detail"])
        write_password(own, "hunter2")
        broker.start()
        await speaker.until("online", 3)


async def test_a_broker_of_another_authority_is_not_trusted(made: Made, own: Path, protocol: str) -> None:
    broker = made(tls=True, passwords={"door": "hunter2"})
    broker.start()
    write_password(own, "hunter2")
    speaker = device(broker, own, protocol, username="door", ca_file=Authority(own).path)
    async with speaker.running():
        assert "not trusted" in str((await speaker.until("refused"))["detail"])


async def test_a_certificate_for_another_name_is_refused(made: Made, own: Path) -> None:
    broker = made(tls=True)
    broker.start()
    speaker = device(broker, own, "5", host="127.0.0.1")
    async with speaker.running():
        assert "not one for 127.0.0.1" in str((await speaker.until("refused"))["detail"])


async def test_a_client_certificate_is_who_the_device_is(made: Made, own: Path, protocol: str) -> None:
    acl = "pattern readwrite smartlogd/%u/#\npattern readwrite homeassistant/device/smartlogd_%u/config\n"
    broker = made(tls=True, client_certificates=True, acl=acl)
    broker.start()
    assert broker.authority is not None
    cert, key = (shutil.copy(path, own) for path in broker.authority.issue("door"))
    speaker = device(broker, own, protocol, cert_file=cert, key_file=key)
    async with speaker.running():
        await speaker.until("online")
        tls = {"hostname": "localhost", "tls_params": _shown(broker, own)}
        async with listening(broker, "smartlogd/door/#", **tls) as listener:
            await listener.until(lambda: listener.of("smartlogd/door/status") == [b"online"])
    assert speaker.broker.state()["refused"] == 0


def _shown(broker: Broker, own: Path) -> Any:
    import aiomqtt

    assert broker.authority is not None
    return aiomqtt.TLSParameters(str(broker.authority.path), str(own / "door.crt"), str(own / "door.key"))


async def test_without_a_client_certificate_the_broker_that_asks_for_one_refuses(
    made: Made, own: Path, protocol: str
) -> None:
    broker = made(tls=True, client_certificates=True)
    broker.start()
    speaker = device(broker, own, protocol)
    async with speaker.running():
        said = await speaker.until("refused")
        assert "certificate" in str(said["detail"])


async def test_a_key_that_is_not_there_or_is_locked_is_told(made: Made, own: Path) -> None:
    broker = made(tls=True, client_certificates=True)
    assert broker.authority is not None
    cert, key = (shutil.copy(path, own) for path in broker.authority.issue("door"))
    Path(key).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    for file in (key, own / "none.key"):
        speaker = device(broker, own, "5", cert_file=cert, key_file=file)
        async with speaker.running():
            assert "cannot be used" in str((await speaker.until("refused"))["detail"])
