"""The command as a whole: its list, its version, its exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.models import CommandInfo

import smartlogd as package
from smartlogd.__main__ import code, refuse_32_bit
from smartlogd.base.errors import Exit, SmartlogError
from smartlogd.cli.app import app

Smartlogd = Callable[..., Any]


def words(command: CommandInfo) -> str:
    """What a command is called by: its name, else that of its function."""
    assert command.callback is not None
    return command.name or command.callback.__name__


def commands() -> list[str]:
    """Every command, by the words that call it."""
    groups = [(f"{group.name} ", group.typer_instance) for group in app.registered_groups]
    return [
        f"{group}{words(command)}"
        for group, typer in [("", app), *groups]
        for command in (typer.registered_commands if typer else [])
    ]


def test_it_says_its_version(smartlogd: Smartlogd) -> None:
    told = smartlogd("--version")
    assert (told.code, told.out) == (0, f"smartlogd {package.__version__}\n")


def test_without_a_command_it_lists_them(smartlogd: Smartlogd) -> None:
    told = smartlogd()
    assert told.code == Exit.USAGE
    for command in ("run", "check-config", "doctor", "status", "reload", "stop", "log", "models"):
        assert f"  {command} " in told.out + told.err


@pytest.mark.parametrize("command", commands())
def test_every_command_explains_itself_in_a_line_that_fits(smartlogd: Smartlogd, command: str) -> None:
    told = smartlogd(*command.split(), "--help")
    assert told.code == 0
    assert "--json" in told.out
    *group, word = command.split()
    listed = smartlogd(*group, "--help").out
    (line,) = (line for line in listed.splitlines() if line.split()[:1] == [word])
    assert not line.endswith("...")


@pytest.mark.parametrize(
    "words", [("dance",), ("run", "--dance"), ("log", "--limit", "many"), ("run", "--profile", "narrow")]
)
def test_a_mistyped_command_is_a_usage_error(smartlogd: Smartlogd, words: tuple[str, ...]) -> None:
    told = smartlogd(*words)
    assert told.code == Exit.USAGE
    assert told.err


def test_it_is_also_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "smartlogd", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"smartlogd {package.__version__}\n"


def test_an_expected_error_of_a_process_is_a_sentence_a_hint_and_a_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "smartlogd", "status", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (Exit.MISSING, "")
    what, hint = done.stderr.splitlines()
    assert what == f"smartlogd: There is no configuration file {tmp_path}/none.toml."
    assert hint.startswith("  Copy config/smartlogd.toml")


def test_ctrl_c_is_no_error_to_be_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("smartlogd.__main__.refuse_32_bit", interrupted)
    assert code() == 130
    assert capsys.readouterr().err == ""


def test_a_32_bit_system_is_refused_by_name() -> None:
    with pytest.raises(SmartlogError, match=r"32-bit \(armv7l\)") as caught:
        refuse_32_bit(32, "armv7l")
    assert "64-bit edition" in caught.value.hint


def test_help_waits_for_none_of_the_heavy_libraries() -> None:
    heavy = ("ai_edge_litert", "asyncio", "av", "cv2", "pydantic", "sqlalchemy", "sqlite3")
    script = f"import sys, smartlogd.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
