"""The watchdog is told that all is well only while everything that must answer does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from smartlogd.telemetry.pulse import VITALS, why_not


@dataclass(frozen=True)
class Signs:
    """A daemon in good health, but for what a test changes."""

    loop_lag_s: float = 0.001
    frame_age_s: float | None = 0.2
    camera_status: str = "running"
    is_frame_due: bool = True
    writer_age_s: float | None = 5.0
    healer_age_s: float | None = 1.0

    def why_not(self) -> str:
        return why_not(
            loop_lag_s=self.loop_lag_s,
            frame_age_s=self.frame_age_s,
            camera_status=self.camera_status,
            is_frame_due=self.is_frame_due,
            writer_age_s=self.writer_age_s,
            healer_age_s=self.healer_age_s,
        )


WELL = Signs()
SILENT = {
    "loop": replace(WELL, loop_lag_s=2.0),
    "frame": replace(WELL, frame_age_s=10.0),
    "writer": replace(WELL, writer_age_s=30.0),
    "healer": replace(WELL, healer_age_s=10.0),
}


def test_a_daemon_in_good_health_has_a_pulse() -> None:
    assert WELL.why_not() == ""


def test_every_vital_is_tried_here() -> None:
    assert list(SILENT) == list(VITALS)


@pytest.mark.parametrize("name", SILENT)
def test_a_part_that_no_longer_answers_stops_the_pulse_and_is_named(name: str) -> None:
    assert SILENT[name].why_not().startswith(f"{VITALS[name].why} (")


@pytest.mark.parametrize("name", SILENT)
def test_just_below_its_limit_nothing_is_stopped(name: str) -> None:
    below = VITALS[name].limit_s - 0.01
    field = {"loop": "loop_lag_s", "frame": "frame_age_s", "writer": "writer_age_s", "healer": "healer_age_s"}[name]
    assert replace(WELL, **{field: below}).why_not() == ""


@pytest.mark.parametrize("status", ["opening", "lost", "paused", "absent", "ended"])
def test_a_camera_that_is_known_not_to_run_owes_no_frame(status: str) -> None:
    assert replace(WELL, camera_status=status, frame_age_s=86_400.0).why_not() == ""


def test_a_camera_that_runs_owes_none_where_none_is_due() -> None:
    assert replace(WELL, frame_age_s=60.0, is_frame_due=False).why_not() == ""


def test_what_was_never_asked_is_not_silent() -> None:
    assert replace(WELL, frame_age_s=None, writer_age_s=None, healer_age_s=None).why_not() == ""


def test_a_lost_camera_does_not_hide_a_writer_that_hangs() -> None:
    assert "writer" in replace(WELL, camera_status="lost", writer_age_s=31.0).why_not()
