"""A card out of scripts/flash-pi starts an emulated computer: fails, is put right, counts, is cut off, starts again.

One story in the order of its tests. Whether the Pi's own kernel, camera and radio do as well is not told here.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from broker import Broker, Listener, listening, make_broker
from emulated import HOST, Emulated, flashed

PASSWORD = "a-word-for-the-broker-only"
KEEPALIVE_S = 20
SLOW_S = 3600.0
"""What an emulated machine may take for anything; a quiet host needs a twentieth of it."""
TOPIC = "smartlogd/front-door"
SETTINGS = f"""
[device]
name = "front-door"
[capture]
source = "/dev/video0"
fps = 2.0
open_s = 180.0
stall_s = 60.0
[capture.motion]
sensitivity = 0.0
smallest_height = 1.0
heartbeat_s = 120.0
[detect]
profile = "wide"
[telemetry]
heartbeat_s = 5.0
[telemetry.mqtt]
host = "{HOST}"
port = {{port}}
tls = false
username = "front-door"
keepalive_s = {KEEPALIVE_S}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = make_broker(tmp_path_factory.mktemp("broker") / "m", passwords={"front-door": PASSWORD, "watcher": "w"})
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def computer(broker: Broker, models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    folder = tmp_path_factory.mktemp("card")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
    settings = folder / "smartlogd.toml"
    settings.write_text(SETTINGS.format(port=broker.port))
    named = ("--hostname", "front-door", "--ssh-key", f"{key}.pub", "--config", str(settings))
    made = Emulated(flashed(folder, *named, "--offline", "--models", str(models_dir), password=PASSWORD), key)
    yield made
    made.pull_the_plug()
    made.card.unlink()


@pytest.fixture
def took(house_note: list[str]) -> Callable[[str, float], None]:
    def note(what: str, since_s: float) -> None:
        house_note.append(f"boot: {what}: {time.monotonic() - since_s:.0f} s")

    return note


def heard(broker: Broker) -> AbstractAsyncContextManager[Listener]:
    return listening(broker, username="watcher", password="w")


def heartbeats(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in listener.of(f"{TOPIC}/state") if payload]


ENROL = "cp /var/lib/smartlogd/models/astronaut-*.png /tmp/face.png && chmod 644 /tmp/face.png && "
ENROL += "smartlogd people enrol Ada /tmp/face.png --consent --json"


def test_a_first_boot_that_fails_leaves_its_reason_on_the_boot_partition(
    computer: Emulated, tmp_path_factory: pytest.TempPathFactory, took: Callable[[str, float], None]
) -> None:
    wheel = next(path for path in computer.wheels() if path.startswith("alembic"))
    kept = tmp_path_factory.getbasetemp() / wheel
    kept.write_bytes(computer.read(f"smartlogd/wheels/{wheel}"))
    computer.take(f"smartlogd/wheels/{wheel}")
    begun_s = time.monotonic()
    computer.start()
    computer.wait_for("smartlogd first boot: Installing smartlogd", SLOW_S)
    took("power to the installation's begin", begun_s)
    computer.wait_for("smartlogd first boot: failed: Installing smartlogd", SLOW_S)
    took("power to a told failure", begun_s)
    computer.pull_the_plug()
    told = computer.read("smartlogd-failed.txt").decode()
    assert "What failed: Installing smartlogd" in told
    assert "alembic" in told
    assert PASSWORD.encode() not in computer.boot_bytes()
    computer.put(kept, "smartlogd/wheels")


async def test_what_was_put_right_becomes_ready_and_its_frames_flow(
    computer: Emulated, broker: Broker, took: Callable[[str, float], None]
) -> None:
    async with heard(broker) as listener:
        begun_s = time.monotonic()
        computer.start()
        await listener.until(lambda: b"online" in listener.of(f"{TOPIC}/status"), SLOW_S)
        took("power to online at the broker, installation included", begun_s)
        await listener.until(lambda: any(beat["fps"] > 0 for beat in heartbeats(listener)), SLOW_S)
        took("power to frames in a heartbeat", begun_s)
    computer.wait_for("smartlogd first boot: smartlogd is installed and runs", SLOW_S)
    told = computer.told("systemctl show smartlogd -p ActiveState -p StatusText -p NRestarts; test -e /dev/video0")
    assert "ActiveState=active" in told
    assert "StatusText=running" in told
    assert "smartlogd" not in "".join(computer.told("ls /boot/firmware").split())
    assert "disabled" in computer.told("systemctl is-enabled smartlogd-first-boot 2>&1 || true")
    assert computer.told("stat -c %a /etc/credstore/smartlogd-mqtt-password").strip() == "600"


async def test_it_is_controlled_over_mqtt(computer: Emulated, broker: Broker) -> None:
    async with heard(broker) as listener:
        await listener.say(f"{TOPIC}/snapshot/set", "PRESS")
        await listener.until(lambda: bool(listener.of(f"{TOPIC}/snapshot")), SLOW_S)
        assert listener.of(f"{TOPIC}/snapshot")[0].startswith(b"\xff\xd8")
        await listener.say(f"{TOPIC}/pause/set", "ON")
        await listener.until(lambda: listener.of(f"{TOPIC}/pause/state")[-1:] == [b"ON"], SLOW_S)
        await listener.until(lambda: heartbeats(listener)[-1]["camera_status"] == "paused", SLOW_S)
        assert computer.told("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c /dev/video0 || true").strip() == "0"
        await listener.say(f"{TOPIC}/pause/set", "OFF")
        await listener.until(lambda: heartbeats(listener)[-1]["camera_status"] == "running", SLOW_S)


async def test_a_power_cut_is_told_by_the_broker_and_a_clock_in_the_past_loses_no_row(
    computer: Emulated, broker: Broker, took: Callable[[str, float], None]
) -> None:
    enrolled = json.loads(computer.told(ENROL).splitlines()[-1])
    assert enrolled["taken"] == 1
    async with heard(broker) as listener:
        await listener.until(lambda: b"online" in listener.of(f"{TOPIC}/status"))
        cut_s = time.monotonic()
        computer.fall_silent()
        await listener.until(lambda: b"offline" in listener.of(f"{TOPIC}/status"), 1.5 * KEEPALIVE_S + 1)
        took("power cut to offline at the broker", cut_s)
        computer.pull_the_plug()
        begun_s = time.monotonic()
        computer.start("-rtc", "base=1999-12-31T23:00:00")
        await listener.until(lambda: listener.of(f"{TOPIC}/status")[-1] == b"online", SLOW_S)
        took("power to online after the cut", begun_s)
        cut = len(heartbeats(listener))
        await listener.until(lambda: any(beat["fps"] > 0 for beat in heartbeats(listener)[cut:]), SLOW_S)
        took("power to frames after the cut", begun_s)
        assert heartbeats(listener)[-1]["clock_trusted"] is False
    known = [json.loads(line) for line in computer.told("smartlogd people list --json").splitlines()]
    assert [(person["uid"], person["templates"]) for person in known] == [(enrolled["uid"], 1)]
    assert "ActiveState=active" in computer.told("systemctl show smartlogd -p ActiveState")
    assert computer.told("smartlogd db check --json").strip() == ""
    assert int(computer.told("date +%Y").strip()) >= 2026
