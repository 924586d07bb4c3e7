"""What the doctor looks at of the service, on a machine whose systemd is a script."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from smartlogd.cli import looks_service as looks
from smartlogd.settings import Settings, read_settings

Systemd = Callable[..., None]
LOADED = {
    "LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "SubState": "running",
    "ActiveEnterTimestamp": "Sun 2026-11-22 05:00:00 UTC", "NRestarts": "0", "Result": "success",
}  # fmt: skip


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """Lets systemctl say these properties."""

    def says(code: int = 0, **properties: str) -> None:
        lines = "\n".join(f"{key}={value}" for key, value in properties.items())
        program = tmp_path / "bin" / "systemctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\nexit {code}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return says


@pytest.mark.parametrize(
    ("changed", "verdict", "says"),
    [
        ({}, "ok", "active since Sun 2026-11-22 05:00:00 UTC, restarted 0 times, enabled"),
        ({"LoadState": "not-found"}, "ok", "not installed as a service"),
        ({"LoadState": "bad-setting"}, "fail", "its file is bad-setting"),
        ({"ActiveState": "failed", "Result": "exit-code"}, "fail", "failed (exit-code), restarted 0 times"),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "watchdog", "NRestarts": "1"},
            "fail",
            "activating (watchdog), restarted once",
        ),
        ({"ActiveState": "inactive"}, "warn", "inactive"),
        (
            {"UnitFileState": "disabled", "NRestarts": "?"},
            "warn",
            "active since Sun 2026-11-22 05:00:00 UTC, restarted an unknown number of times, disabled",
        ),
    ],
)
def test_a_unit_that_is_not_enabled_does_not_run_or_fails_is_told(
    systemd: Systemd, changed: dict[str, str], verdict: str, says: str
) -> None:
    systemd(**{**LOADED, **changed})
    found = looks.unit(Settings())
    assert (found.verdict, found.says, bool(found.hint)) == (verdict, says, verdict != "ok")


def test_a_machine_without_systemd_or_not_started_by_it_needs_none(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd(1)
    assert looks.unit(Settings()) == looks.Finding("unit", "ok", "this machine is not run by systemd")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert looks.unit(Settings()).says == "this machine is not run by systemd"


def test_a_systemd_that_does_not_answer_holds_nobody_up(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd()
    (tmp_path / "bin" / "systemctl").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(looks, "SYSTEMCTL_S", 0.2)
    found = looks.unit(Settings())
    assert (found.verdict, found.says) == ("warn", "systemd does not answer within 0.2 s")


@pytest.fixture
def private(state: Path) -> Path:
    state.mkdir(mode=0o700)
    for name in ("smartlog.db", "mqtt.password", "centre.json"):
        (state / name).touch(0o600)
    return state


def test_what_is_private_and_closed_is_well(private: Path, tmp_path: Path) -> None:
    assert looks.permissions(read_settings()).verdict == "ok"
    assert looks.permissions(read_settings(), tmp_path / "none.toml").verdict == "ok"


@pytest.mark.usefixtures("state")
def test_where_there_is_no_state_folder_yet_nothing_is_open() -> None:
    assert looks.permissions(read_settings()).verdict == "ok"


@pytest.mark.parametrize("name", ["smartlog.db", "mqtt.password", "centre.json"])
def test_a_secret_that_others_can_read_fails_with_the_command_that_closes_it(private: Path, name: str) -> None:
    (private / name).chmod(0o640)
    found = looks.permissions(read_settings())
    assert (found.verdict, found.hint) == ("fail", f"chmod go= {private / name}")
    assert "0640" in found.says


def test_a_state_folder_that_others_can_enter_or_of_another_user_is_a_warning(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private.chmod(0o755)
    found = looks.permissions(read_settings())
    assert (found.verdict, found.hint) == ("warn", f"chmod 0700 {private}")
    private.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert "belongs to" in looks.permissions(read_settings()).says


def test_settings_with_a_password_in_them_are_to_be_closed_to_everyone(private: Path, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[capture]\nsource = "rtsp://door:secret@192.0.2.7/stream"\n')
    file.chmod(0o644)
    found = looks.permissions(read_settings(file), file)
    assert (found.verdict, found.hint) == ("fail", f"chmod o= {file}")
    assert "secret" not in f"{found.says} {found.hint}"
    file.chmod(0o640)
    assert looks.permissions(read_settings(file), file).verdict == "ok"
    file.write_text('[capture]\nsource = "rtsp://192.0.2.7/stream"\n')
    file.chmod(0o644)
    assert looks.permissions(read_settings(file), file).verdict == "ok", "there is no secret in it"


def test_files_of_the_broker_s_login_may_be_their_group_s_but_nobody_else_s(
    private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.touch()
    monkeypatch.setenv("SMARTLOG_TELEMETRY__MQTT__PASSWORD_FILE", str(file))
    file.chmod(0o640)
    assert looks.permissions(read_settings()).verdict == "ok"
    file.chmod(0o644)
    assert looks.permissions(read_settings()).hint == f"chmod o= {file}"


def test_a_camera_that_is_closed_to_this_user_names_the_groups_to_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looks.groups(Settings(), tmp_path).says == "no camera devices here"
    for number in range(5):
        (tmp_path / f"video{number}").touch()
    assert looks.groups(Settings(), tmp_path).verdict == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(looks, "_group", lambda _: "video")
    found = looks.groups(Settings(), tmp_path)
    assert (found.verdict, "and 2 more" in found.says) == ("warn", True)
    assert "sudo usermod -aG video" in found.hint
    monkeypatch.setattr(looks, "_group", lambda _: "root")
    assert "udev" in looks.groups(Settings(), tmp_path).hint


def test_what_the_unit_gives_the_daemon_counts_for_its_own_user_only(
    systemd: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video0").touch()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path / "video0" and access(path, mode))
    monkeypatch.setattr(looks, "_group", lambda _: "video")
    own = looks._user(os.getuid())
    systemd(**LOADED, User=own, SupplementaryGroups="video render audio")
    assert looks.groups(Settings(), tmp_path).verdict == "ok"
    systemd(**LOADED, User="somebody", SupplementaryGroups="video render audio")
    assert looks.groups(Settings(), tmp_path).verdict == "warn"
    systemd(**LOADED, User=own, SupplementaryGroups="audio")
    assert looks.groups(Settings(), tmp_path).verdict == "warn"


@pytest.mark.usefixtures("private")
def test_a_credential_that_others_can_read_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "CREDENTIALS", tmp_path)
    (tmp_path / "smartlogd-mqtt-password").touch(0o600)
    assert looks.permissions(read_settings()).verdict == "ok"
    (tmp_path / "smartlogd-mqtt-password").chmod(0o644)
    assert looks.permissions(read_settings()).verdict == "fail"


def test_users_and_groups_without_a_name_have_their_number() -> None:
    assert (looks._user(4_000_000_000), looks._group(4_000_000_000)) == ("user 4000000000", "4000000000")
    assert (looks._user(0), looks._group(0)) == ("root", "root")
