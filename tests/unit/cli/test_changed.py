"""Times and questions that the commands of people and of strangers share."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import typer

from smartlogd.cli.changed import confirmed, iso, local, tell, times

AT = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def test_instants_are_told_in_local_time_with_their_offset_for_programs() -> None:
    here = AT.astimezone()
    assert local(AT) == here.strftime("%Y-%m-%d %H:%M:%S")
    assert iso(AT) == here.isoformat(timespec="milliseconds")
    assert (local(None), iso(None)) == ("-", None)
    assert (times(0), times(1)) == ("0 times", "once")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_is_asked_who_said_yes_or_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    confirmed("Do it?", yes=False)
    monkeypatch.setattr("sys.stdin", Terminal(""))
    confirmed("Do it?", yes=True)
    monkeypatch.setattr("sys.stdin", Terminal("Yes\n"))
    confirmed("Do it?", yes=False)


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n", "", "yes please\n"])
def test_whoever_does_not_say_yes_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(typer.Exit) as caught:
        confirmed("Do it?", yes=False)
    assert caught.value.exit_code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("Nothing was changed.\n")


def test_a_change_is_told_with_the_way_back_or_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    tell({"undo": "smartlogd undo"}, "Done.", as_json=False)
    tell({}, "Done.", as_json=False)
    tell({"changed": True}, "Done.", as_json=True)
    assert capsys.readouterr().out == 'Done.\n  Take it back with: smartlogd undo\nDone.\n{"changed": true}\n'
