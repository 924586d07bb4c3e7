"""The device's name and folders."""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Exit, SmartlogError
from smartlogd.device import NAME, DeviceOptions, folders, host_name, made, zone


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("raspberrypi", "raspberrypi"),
        ("Front_Door.example.org", "front-door"),
        ("--", "smartlogd"),
        ("ü" * 3, "smartlogd"),
        ("a" * 80, "a" * 63),
    ],
)
def test_a_device_is_called_as_its_host_in_letters_it_may_have(
    host: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert host_name() == name
    assert re.match(NAME, DeviceOptions().name)


def test_the_settings_win_over_systemd_and_systemd_over_the_home() -> None:
    environment = {"HOME": "/home/ann"}
    assert folders(DeviceOptions(), None, environment).state == Path("/home/ann/.local/state/smartlogd")
    environment |= {"XDG_STATE_HOME": "/xdg"}
    assert folders(DeviceOptions(), None, environment).state == Path("/xdg/smartlogd")
    environment |= {"STATE_DIRECTORY": "/var/lib/smartlogd:/second"}
    assert folders(DeviceOptions(), None, environment).state == Path("/var/lib/smartlogd")
    assert folders(DeviceOptions(state_dir=Path("/mine")), None, environment).state == Path("/mine")


def test_models_lie_with_the_state_unless_told_otherwise() -> None:
    device = DeviceOptions(state_dir=Path("/mine"))
    assert folders(device, None, {}).models == Path("/mine/models")
    assert folders(device, Path("/models"), {}).models == Path("/models")


def test_the_socket_lies_where_systemd_or_the_login_session_says() -> None:
    assert folders(DeviceOptions(), None, {"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/7"}).socket == Path(
        "/run/user/7/smartlogd/control.sock"
    )
    assert folders(DeviceOptions(), None, {"RUNTIME_DIRECTORY": "/run/s", "XDG_RUNTIME_DIR": "/x"}).runtime == Path(
        "/run/s"
    )


def test_a_state_folder_of_its_own_has_a_socket_of_its_own() -> None:
    device = DeviceOptions(state_dir=Path("/mine"))
    assert folders(device, None, {"XDG_RUNTIME_DIR": "/run/user/7"}).socket == Path("/mine/run/control.sock")


def test_a_made_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = made(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made(folder) == folder


def test_a_file_in_a_folders_place_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for place in (tmp_path / "f", tmp_path / "f" / "below"):
        with pytest.raises(SmartlogError) as caught:
            made(place)
        assert caught.value.code is Exit.CANNOT_CREATE


def test_a_read_only_file_system_is_disk_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DiskTrouble, match="read-only file system"):
        made(tmp_path / "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_someone_else_is_a_matter_of_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    for place in (tmp_path, tmp_path / "x"):
        with pytest.raises(SmartlogError) as caught:
            made(place)
        assert caught.value.code is Exit.PERMISSION


def test_days_are_those_of_the_zone_that_is_named_or_of_the_system() -> None:
    summer = dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC)
    assert str(summer.astimezone(zone("Europe/Rome")).date()) == "2026-07-02"
    assert summer.astimezone(zone("")).utcoffset() == summer.astimezone().utcoffset()


@pytest.mark.parametrize("name", ["Rome", "../../etc/passwd", "/etc/localtime", "Europe/\0"])
def test_a_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone is called"):
        DeviceOptions(timezone=name)
