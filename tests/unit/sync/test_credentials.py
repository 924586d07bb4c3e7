"""How the device shows the object store that it is itself."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from smartlogd.base.errors import DiskTrouble, Missing, WrongConfiguration
from smartlogd.sync.credentials import ACCESS, FILE, SECRET, Credentials


def written(folder: Path, text: str, mode: int = 0o600) -> None:
    (folder / FILE).write_text(text)
    (folder / FILE).chmod(mode)


def given(folder: Path, **named: str) -> Path:
    folder.mkdir()
    for name, text in named.items():
        (folder / {"access": ACCESS, "secret": SECRET}[name]).write_text(text)
    return folder


def test_the_file_has_both_keys_on_two_lines(tmp_path: Path) -> None:
    written(tmp_path, "door\nhunter2+/=\n")
    found = Credentials.of(tmp_path)
    assert (found.access, found.secret) == ("door", "hunter2+/=")
    assert "hunter2" not in repr(found)
    assert "door" not in repr(found)


def test_systemds_credentials_win(tmp_path: Path) -> None:
    written(tmp_path, "file\nfile-secret\n")
    folder = given(tmp_path / "c", access="unit\n", secret="unit-secret")
    assert Credentials.of(tmp_path, folder) == Credentials("unit", "unit-secret")
    assert Credentials.of(tmp_path, given(tmp_path / "none")) == Credentials("file", "file-secret")


def test_half_of_them_is_none(tmp_path: Path) -> None:
    with pytest.raises(WrongConfiguration, match=f"no {SECRET}"):
        Credentials.of(tmp_path, given(tmp_path / "a", access="unit"))
    with pytest.raises(WrongConfiguration, match=f"no {ACCESS}"):
        Credentials.of(tmp_path, given(tmp_path / "b", secret="unit"))


def test_without_any_the_hint_says_where_they_go(tmp_path: Path) -> None:
    with pytest.raises(Missing) as error:
        Credentials.of(tmp_path)
    assert FILE in error.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one\n",
        "one\ntwo\nthree\n",
        "one\n\n",
        "one two\nthree\n",
        "one\ntw\x07o\n",
        "é\nhunter2\n",
        "a\n" + "b" * 2000,
    ],
)
def test_what_is_no_pair_of_keys_is_refused_and_never_repeated(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    with pytest.raises(WrongConfiguration) as error:
        Credentials.of(tmp_path)
    for word in ("three", "hunter2"):
        assert word not in error.value.what


def test_a_file_that_others_could_read_is_closed_to_them_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    written(tmp_path, "door\nhunter2\n", 0o644)
    Credentials.of(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_credential_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = given(tmp_path / "c", secret="s")
    (folder / ACCESS).mkdir()
    with pytest.raises(DiskTrouble, match="cannot be read"):
        Credentials.of(tmp_path, folder)
