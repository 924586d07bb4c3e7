"""Which server is measured, and how the three are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smartlogd.base.errors import SmartlogError
from smartlogd.cli.bench import fleet as fleet_module
from smartlogd.cli.bench import sending
from smartlogd.cli.bench.commands import app
from smartlogd.cli.bench.fleet import Fleet, Span
from smartlogd.sync.yardstick import Ages


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_without_a_url_a_server_is_started_for_it() -> None:
    assert sending._url(None) is None


def test_a_url_is_taken_from_the_command_line_or_the_environment_or_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("DATABASE_URL=postgresql://me:secret@from-file/x\n")
    assert str(sending._url(None).host) == "from-file"
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@from-environment/x")
    assert str(sending._url(None).host) == "from-environment"
    assert str(sending._url("postgresql://me@given/x").host) == "given"


def test_a_password_on_the_command_line_is_refused() -> None:
    with pytest.raises(SmartlogError, match="can be read by every account"):
        sending._url("postgresql://me:secret@given/x")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_fleet_is_told_with_what_was_wished_for(monkeypatch: pytest.MonkeyPatch, *, as_json: bool) -> None:
    asked: list[Span] = []

    async def measured(_folder: Path, devices: int, span: Span, _said: object) -> Fleet:
        asked.append(span)
        ages = Ages(60, 1.25, 2.5, 3.5)
        return Fleet(devices, 80, 0, 0, 0, ages, 1, 31.5, 40, 0, 30, 12.0, 1.5)

    monkeypatch.setattr(fleet_module, "fleet", measured)
    words = ["fleet", "--devices", "40", "--seconds", "20", *(["--json"] if as_json else [])]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert (asked[0].busy_s, asked[0].admitted) == (20, 4)
    if as_json:
        told = json.loads(done.stdout)
        assert (told["devices"], told["age_p99_s"], told["wanted_age_p99_s"], told["connected_in_silence"]) == (
            40,
            2.5,
            5.0,
            0,
        )
    else:
        assert "99 of 100 within 2.5 s (at most 5)" in done.stdout
