"""What a person at the device sees of a daemon that runs, and asks of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from device import Device, stopped


def rows(text: str) -> dict[str, str]:
    """The screen's rows by their names; of those without one, nothing."""
    return {name.strip(): words.strip() for name, _, words in (line.partition("  ") for line in text.splitlines())}


def test_the_screen_shows_the_day_and_the_machine_the_camera_obeys_and_the_doctor_is_content(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: state.get("last_events") and state["journal"]["written"] > 0)
        screen = device.ask("status")
        assert (screen.returncode, screen.stderr) == (0, "")
        said = rows(screen.stdout)
        assert said["camera"].startswith("demo, running")
        assert "ms a look, 95 of 100 within" in said["models"]
        assert said["line door"].endswith("today")
        assert (said["centre"], said["mqtt"]) == ("none joined", "no broker named")
        assert "GiB free" in said["disk"]
        assert "of memory" in said["machine"]
        assert "None" not in screen.stdout
        assert {"person entered", "door: in", "door: out", "face seen"} & {
            words.partition("  ")[2].partition("  ")[0] for words in (said["last"],)
        }

        picture = device.folder / "door.jpg"
        assert device.ask("snapshot", str(picture)).returncode == 0
        assert picture.read_bytes().startswith(b"\xff\xd8")
        assert json.loads(device.ask("pause", "--json").stdout) == {"paused": True}
        assert "smartlogd resume" in rows(device.ask("status").stdout)["camera"]
        found = {row["what"]: row for row in map(json.loads, device.ask("doctor", "--json").stdout.splitlines())}
        assert found["daemon"]["says"].startswith("running, pid")
        for name in ("daemon", "permissions", "broker", "centre", "watchdog", "camera", "models"):
            assert found[name]["verdict"] == "ok", found[name]
        assert device.ask("resume").returncode == 0
        device.until(lambda state: not state["paused"] and state["camera"]["status"] == "running")
        assert stopped(process, signal.SIGTERM)[0] == 0


def test_what_the_screen_counts_is_what_the_log_has(device: Device) -> None:
    with device.running() as process:
        device.until(lambda state: sum(state.get("today", {}).get("door", {"in": 0}).values()) >= 2)
        command = [sys.executable, "-m", "smartlogd", "status", "--watch", "--json", "--config", str(device.config)]
        with subprocess.Popen(
            command, env=device.environment, cwd=device.folder, stdout=subprocess.PIPE, text=True
        ) as watching:
            assert watching.stdout is not None
            first, second = (json.loads(watching.stdout.readline()) for _ in range(2))
            watching.send_signal(signal.SIGINT)
            assert watching.wait(10) == 0
        assert second["uptime_s"] > first["uptime_s"]
        counted = second["today"]["door"]
        assert stopped(process, signal.SIGTERM)[0] == 0
    passed = [row["action"] for row in device.rows()]
    assert counted["in"] <= passed.count("I")
    assert counted["out"] <= passed.count("O")
    assert sum(counted.values()) >= 2
