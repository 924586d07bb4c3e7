"""`smartlogd run` where it ends before it begins; its whole life is in tests/journey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartlogd.base.errors import Exit, Missing
from smartlogd.capture import choose
from smartlogd.cli import run
from smartlogd.cli.speech import Screen
from smartlogd.settings import read_settings

Smartlogd = Callable[..., Any]


@pytest.fixture
def _no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any camera, whatever this one has."""

    def none(_: object) -> str:
        raise Missing("No camera was found.", "Plug in a USB camera.")

    monkeypatch.setattr(choose, "find_camera", none)


@pytest.mark.usefixtures("state")
def test_a_missing_configuration_file_is_missing(smartlogd: Smartlogd) -> None:
    told = smartlogd("run", "--config", "none.toml")
    assert told.code == Exit.MISSING
    assert "There is no configuration file none.toml." in told.err


@pytest.mark.usefixtures("state")
def test_settings_of_wrong_types_are_a_matter_of_configuration(smartlogd: Smartlogd, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[capture]\nfps = "fast"\n')
    told = smartlogd("run", "--config", tmp_path / "s.toml")
    assert told.code == Exit.CONFIGURATION
    assert 'is "fast", but it should be a number.' in told.err


def test_without_models_it_says_how_to_fetch_them(smartlogd: Smartlogd, state: Path) -> None:
    told = smartlogd("run", "--source", "demo")
    assert told.code == Exit.MISSING
    assert "smartlogd models fetch" in told.err


def test_a_file_that_is_no_database_is_set_aside_and_stays_as_it_is(smartlogd: Smartlogd, state: Path) -> None:
    state.mkdir()
    (state / "smartlog.db").write_text("dear diary, " * 100)
    told = smartlogd("run", "--source", "demo")
    assert "database is damaged" in told.err
    (aside,) = state.glob("corrupt-*")
    assert (aside / "smartlog.db").read_text() == "dear diary, " * 100


def test_a_state_folder_in_a_files_place_cannot_be_made(smartlogd: Smartlogd, state: Path) -> None:
    state.write_text("in the way")
    told = smartlogd("run", "--source", "demo")
    assert (told.code, told.err.count("\n")) == (Exit.CANNOT_CREATE, 2)


@pytest.mark.usefixtures("state", "_no_camera")
def test_without_a_camera_it_says_so_and_never_falls_back_to_the_demo_by_itself(
    smartlogd: Smartlogd, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTLOG_DETECT__MODELS_DIR", str(models_dir))
    told = smartlogd("run")
    assert (told.code, told.out) == (Exit.MISSING, "")
    assert "No camera was found." in told.err


@pytest.mark.usefixtures("state", "_no_camera")
def test_only_auto_may_become_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not run._has_camera(read_settings())
    monkeypatch.setenv("SMARTLOG_CAPTURE__SOURCE", "/dev/video0")
    assert run._has_camera(read_settings())


def test_the_demos_log_is_thrown_away_and_the_models_stay(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with run._demo(read_settings(), Screen()) as overrides:
        folder = Path(str(overrides["device.state_dir"]))
        settings = read_settings(None, overrides)
        assert folder.is_dir()
        assert settings.capture.source == "demo"
        assert settings.folders().models == state / "models"
    assert not folder.exists()
    assert str(folder) in capsys.readouterr().out
