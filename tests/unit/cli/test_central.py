"""The words of `smartlogd central` where no server is needed; tests/services has the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Smartlogd

AWAY = "postgresql://admin:hunter2@127.0.0.1:1/smartlog"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.parametrize(
    "words",
    [("init",), ("upgrade",), ("add-device", "door"), ("revoke", "door"), ("devices",), ("status",)],
    ids=lambda words: words[0],
)
def test_every_command_says_what_it_lacks(smartlogd: Smartlogd, words: tuple[str, ...]) -> None:
    told = smartlogd("central", *words)
    assert told.code == 78
    assert "DATABASE_URL" in told.err


@pytest.mark.parametrize("words", [("init",), ("devices",), ("status",)], ids=lambda words: words[0])
def test_a_server_that_is_away_is_no_traceback_and_shows_no_password(
    smartlogd: Smartlogd, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", AWAY)
    told = smartlogd("central", *words)
    assert told.code == 69
    assert "does not answer" in told.err
    assert "hunter2" not in told.out + told.err


def test_the_url_is_found_in_the_env_file_and_the_environment_comes_first(
    smartlogd: Smartlogd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"DATABASE_URL={AWAY}\n")
    assert smartlogd("central", "status").code == 69
    monkeypatch.setenv("DATABASE_URL", "sqlite:///smartlog.db")
    assert smartlogd("central", "status").code == 65


def test_a_password_on_the_command_line_is_refused(smartlogd: Smartlogd) -> None:
    told = smartlogd("central", "status", "--url", AWAY)
    assert told.code == 2
    assert "hunter2" not in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("Door!",),
        ("d" * 64,),
        ("door", "--owner", "a" * 321),
        ("door", "--site", "bad\x07site"),
        ("door", "--host", "two,hosts"),
    ],
)
def test_what_no_device_can_be_called_is_a_usage_error(
    smartlogd: Smartlogd, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", AWAY)
    assert smartlogd("central", "add-device", *words).code == 2


def test_a_file_that_is_there_is_found_before_anything_is_made(
    smartlogd: Smartlogd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", AWAY)
    (tmp_path / "door.json").write_text("kept")
    assert smartlogd("central", "add-device", "door", "--out", tmp_path / "door.json").code == 73
    assert (tmp_path / "door.json").read_text() == "kept"
