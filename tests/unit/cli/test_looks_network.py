"""What the doctor looks at beyond this machine; a real broker and a real centre are asked in tests/services."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from smartlogd.cli import looks_network as looks
from smartlogd.settings import Settings, read_settings

Desk = Any


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def settings(state: object, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A device that is to tell a broker where none listens."""
    monkeypatch.setenv("SMARTLOG_TELEMETRY__MQTT__HOST", "127.0.0.1")
    monkeypatch.setenv("SMARTLOG_TELEMETRY__MQTT__PORT", str(closed_port))
    monkeypatch.setenv("SMARTLOG_TELEMETRY__MQTT__TLS", "false")
    return read_settings()


@pytest.mark.usefixtures("state")
def test_where_no_broker_and_no_centre_is_named_all_is_well() -> None:
    assert looks.broker(read_settings()).says == "none named"
    assert looks.centre(read_settings()).says == "none joined"


def test_a_broker_that_does_not_answer_is_a_warning(settings: Settings, closed_port: int) -> None:
    found = looks.broker(settings)
    assert (found.verdict, bool(found.hint)) == ("warn", True)
    assert f"127.0.0.1:{closed_port}" in found.says


def test_a_daemon_that_is_connected_is_believed(settings: Settings, desk: Desk) -> None:
    desk.state = {"mqtt": {"word": "online", "detail": ""}}
    assert looks.broker(settings) == looks.Finding("broker", "ok", "127.0.0.1 answers, says the daemon")
    desk.state = {"mqtt": {"word": "away", "detail": "No answer."}}
    assert looks.broker(settings).verdict == "warn"


def test_a_broker_that_lets_us_in_and_the_daemon_not_is_a_warning(
    settings: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartlogd.wiring.broker_answers", lambda _: "127.0.0.1:1883")
    desk.state = {"mqtt": {"word": "refused", "detail": "Not authorised."}}
    assert looks.broker(settings).says == "Not authorised."
    desk.state = {}
    assert looks.broker(settings) == looks.Finding("broker", "ok", "127.0.0.1:1883 answers")


def test_a_login_that_cannot_be_used_is_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_TELEMETRY__MQTT__PASSWORD_FILE", "/nowhere/password")
    found = looks.broker(read_settings())
    assert (found.verdict, "/nowhere/password" in found.says) == ("warn", True)


@pytest.mark.usefixtures("state")
def test_where_no_object_store_is_named_all_is_well() -> None:
    assert looks.object_store(read_settings()).says == "none named"


@pytest.mark.usefixtures("state")
def test_an_object_store_without_keys_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLOG_SYNC__MEDIA__BUCKET", "yard-clips")
    monkeypatch.setenv("SMARTLOG_SYNC__MEDIA__ENDPOINT", "http://127.0.0.1:9")
    found = looks.object_store(read_settings())
    assert (found.verdict, bool(found.hint)) == ("warn", True)


@pytest.mark.usefixtures("state")
def test_an_object_store_that_answers_is_named_by_its_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(_: Settings) -> None:
        return

    monkeypatch.setenv("SMARTLOG_SYNC__MEDIA__BUCKET", "yard-clips")
    monkeypatch.setattr("smartlogd.wiring.objects_answer", answers)
    assert looks.object_store(read_settings()) == looks.Finding("object store", "ok", "the bucket yard-clips answers")
