"""Where the broker's password comes from, and how it is kept to ourselves."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Missing, SmartlogError, WrongConfiguration
from smartlogd.telemetry.login import FILE, KEY, MOST_BYTES, PASSWORD, USERNAME, Login
from smartlogd.telemetry.options import MqttOptions


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    return folder


def secret(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_without_anything_there_is_nothing_to_show(state: Path) -> None:
    assert Login.of(MqttOptions(), state=state) == Login()


def test_credentials_win_over_settings_and_settings_over_the_state_folder(state: Path, credentials: Path) -> None:
    secret(state / FILE, "third")
    assert Login.of(MqttOptions(username="door"), state=state, credentials=credentials).password == "third"
    options = MqttOptions(username="door", password_file=secret(state / "other", "second\n"))
    assert Login.of(options, state=state, credentials=credentials).password == "second"
    secret(credentials / PASSWORD, "first\r\n")
    secret(credentials / USERNAME, "front\n")
    login = Login.of(options, state=state, credentials=credentials)
    assert (login.username, login.password) == ("front", "first")


def test_the_key_is_the_credential_where_there_is_one(state: Path, credentials: Path) -> None:
    cert, key = state / "door.crt", secret(state / "door.key", "key")
    options = MqttOptions(cert_file=cert, key_file=key)
    assert Login.of(options, state=state, credentials=credentials).key == key
    secret(credentials / KEY, "key")
    assert Login.of(options, state=state, credentials=credentials).key == credentials / KEY
    assert Login.of(MqttOptions(), state=state, credentials=credentials).key is None, "no certificate, no key"
    assert Login.of(MqttOptions(cert_file=cert), state=state).key is None, "it stands in the certificate's file"


def test_a_secret_is_in_no_repr() -> None:
    assert "hunter" not in repr(Login(username="hunter", password="hunter2"))


def test_a_secret_in_the_state_folder_is_closed_to_others(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = secret(state / FILE, "hunter2", 0o644)
    with caplog.at_level(logging.WARNING):
        Login.of(MqttOptions(username="door"), state=state)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "could be read" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("name", ["password_file", "key_file"])
def test_a_named_secret_is_closed_to_everyone_but_its_group(
    state: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = secret(state / "named", "hunter2", 0o644)
    more = {"cert_file": state / "door.crt"} if name == "key_file" else {"username": "door"}
    Login.of(MqttOptions.model_validate({name: file, **more}), state=state)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert "could be read by everyone" in caplog.text


@pytest.mark.parametrize(
    "content",
    ["", "\n", "two\nlines", "nul\0", b"\xff\xfe", "x" * (MOST_BYTES + 1)],
    ids=["empty", "blank", "two lines", "nul", "no text", "long"],
)
def test_what_is_no_password_is_refused_without_being_shown(state: Path, content: str | bytes) -> None:
    options = MqttOptions(username="door", password_file=secret(state / "other", content))
    with pytest.raises(WrongConfiguration) as refused:
        Login.of(options, state=state)
    assert "xxx" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_none_is_told(state: Path) -> None:
    with pytest.raises(Missing, match="is not there"):
        Login.of(MqttOptions(username="door", password_file=state / "none"), state=state)
    os.mkfifo(state / "pipe", 0o600)
    with pytest.raises(WrongConfiguration, match="is no file"):
        Login.of(MqttOptions(username="door", password_file=state / "pipe"), state=state)
    with pytest.raises(SmartlogError):
        Login.of(MqttOptions(username="door", password_file=state), state=state)


def test_a_link_in_the_state_folder_is_not_followed(state: Path) -> None:
    (state / FILE).symlink_to(secret(state / "other", "hunter2"))
    with pytest.raises(DiskTrouble):
        Login.of(MqttOptions(username="door"), state=state)


def test_a_password_without_a_name_and_a_name_too_long_are_refused(state: Path, credentials: Path) -> None:
    secret(state / FILE, "hunter2")
    with pytest.raises(WrongConfiguration, match="no username"):
        Login.of(MqttOptions(), state=state)
    secret(credentials / USERNAME, "x" * 129)
    with pytest.raises(WrongConfiguration, match="more than 128"):
        Login.of(MqttOptions(), state=state, credentials=credentials)


def test_it_is_read_again_from_where_it_came(state: Path) -> None:
    secret(state / FILE, "hunter2")
    login = Login.of(MqttOptions(username="door"), state=state)
    secret(state / FILE, "hunter3")
    assert login.renewed().password == "hunter3"
    plain = Login(username="door", password="hunter2")
    assert plain.renewed() is plain
