"""What a running daemon takes over of new settings."""

from __future__ import annotations

from pathlib import Path

from smartlogd.reloading import sorted_out, taken_over
from smartlogd.settings import Settings


def settings(**tables: dict[str, object]) -> Settings:
    return Settings.model_validate(tables)


def test_thresholds_are_taken_over_and_what_is_opened_once_needs_a_restart() -> None:
    old = settings()
    new = settings(identify={"known_distance": 0.5, "precision": "float32"}, capture={"fps": 3.0})
    assert sorted_out(old, new) == (("identify.known_distance",), ("capture.fps", "identify.precision"))
    running = taken_over(old, new)
    assert running.identify.known_distance == 0.5
    assert (running.identify.precision, running.capture.fps) == (old.identify.precision, old.capture.fps)


def test_what_runs_and_what_was_read_differ_only_in_what_needs_a_restart(tmp_path: Path) -> None:
    new = settings(
        device={"log_level": "error", "name": "yard", "state_dir": tmp_path, "timezone": "Europe/Rome"},
        store={"acknowledged_keep_d": 7, "queue_rows": 500},
        sync={"gather_s": 5.0},
        capture={"motion": {"heartbeat_s": 9.0}, "source": "demo"},
        detect={"profile": "wide"},
        identify={"enabled": False, "margin": 0.2},
        movement={"confirm_hits": 9},
    )
    applied, needed = sorted_out(settings(), new)
    assert {"device.timezone", "store.acknowledged_keep_d", "sync.gather_s"} <= set(applied)
    assert "store.queue_rows" in needed
    assert set(sorted_out(taken_over(settings(), new), new)[1]) == set(needed)
    assert sorted_out(settings(), taken_over(settings(), new)) == (applied, ())


def test_nothing_new_is_nothing_to_do() -> None:
    assert sorted_out(settings(), settings()) == ((), ())


def test_the_broker_and_the_ladder_change_in_mid_run_but_a_watchdog_stays_fed(tmp_path: Path) -> None:
    heal = {"rebuild_s": 30, "hardware_watchdog": str(tmp_path / "watchdog")}
    new = settings(telemetry={"heartbeat_s": 5, "mqtt": {"host": "broker.example"}, "heal": heal})
    applied, needed = sorted_out(settings(), new)
    assert applied == ("telemetry.heartbeat_s", "telemetry.mqtt.host", "telemetry.heal.rebuild_s")
    assert needed == ("telemetry.heal.hardware_watchdog",)
    running = taken_over(settings(), new).telemetry
    assert (running.mqtt.host, running.heal.rebuild_s, running.heal.hardware_watchdog) == ("broker.example", 30, None)
    assert sorted_out(taken_over(settings(), new), new) == ((), needed)
