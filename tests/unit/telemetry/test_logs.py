"""What the journal of systemd is sent, read back from a real datagram socket by the rules of its protocol."""

from __future__ import annotations

import io
import logging
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartlogd.telemetry.logs import MOST_FIELDS, MOST_MESSAGE, MOST_VALUE, Sparing, ToJournal, journald_handler

LARGEST_DATAGRAM = 64 * 1024


def read(entry: bytes) -> dict[str, str]:
    """The fields of an entry, as the journal takes it apart; what is no entry raises."""
    fields, at = {}, 0
    while at < len(entry):
        line, _, _ = entry[at:].partition(b"\n")
        name, is_plain, value = line.partition(b"=")
        at += len(line) + 1
        if not is_plain:
            (length,) = struct.unpack_from("<Q", entry, at)
            value = entry[at + 8 : at + 8 + length]
            at += 8 + length
            assert entry[at : at + 1] == b"\n"
            at += 1
        assert name.replace(b"_", b"").isalnum()
        assert name.isupper()
        assert len(name) <= 64
        fields[name.decode()] = value.decode()
    return fields


class Journal:
    """What journald has: a datagram socket; and a logger that writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(1.0)
        self.handler = ToJournal(path)
        self.log = logging.Logger("smartlogd.capture")
        self.log.addHandler(self.handler)

    def entry(self) -> dict[str, str]:
        return read(self.socket.recv(1 << 20))

    def close(self) -> None:
        self.handler.close()
        self.socket.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    there = Journal(tmp_path / "journal")
    yield there
    there.close()


def test_a_record_is_an_entry_that_can_be_searched_by_its_fields(journal: Journal) -> None:
    journal.log.warning("camera lost", extra={"camera": "/dev/video0", "why": "no frame", "took_s": 5.0})
    entry = journal.entry()
    assert int(entry.pop("CODE_LINE")) > 0
    assert entry == {
        "MESSAGE": 'capture: camera lost camera=/dev/video0 why="no frame" took_s=5.0',
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "smartlogd",
        "CODE_FILE": __file__,
        "CODE_FUNC": "test_a_record_is_an_entry_that_can_be_searched_by_its_fields",
        "SMARTLOG_ROOM": "capture",
        "SMARTLOG_EVENT": "camera_lost",
        "CAMERA": "/dev/video0",
        "SMARTLOG_WHY": "no frame",
        "SMARTLOG_TOOK_S": "5.0",
    }


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, "7"), (logging.INFO, "6"), (logging.ERROR, "3"), (logging.CRITICAL, "2"), (25, "5")],
)
def test_levels_become_priorities(journal: Journal, level: int, priority: str) -> None:
    journal.log.log(level, "so it is")
    assert journal.entry()["PRIORITY"] == priority


def test_the_type_of_an_event_is_the_one_it_is_given(journal: Journal) -> None:
    journal.log.info("%s", "someone came", extra={"event": "crossing"})
    entry = journal.entry()
    assert entry["SMARTLOG_EVENT"] == "crossing"
    assert entry["MESSAGE"] == "capture: someone came event=crossing"


def test_a_line_without_words_of_its_own_goes_by_those_that_are_filled_in(journal: Journal) -> None:
    journal.log.warning("%s", "broker: it does not answer")
    assert journal.entry()["SMARTLOG_EVENT"] == "broker"


def test_values_of_several_lines_cannot_make_fields_of_their_own(journal: Journal) -> None:
    journal.log.error("broken\nPRIORITY=0", extra={"hint": "one\nCAMERA=forged\n"})
    entry = journal.entry()
    assert entry["MESSAGE"].startswith("capture: broken\nPRIORITY=0 hint=")
    assert entry["SMARTLOG_HINT"] == "one\nCAMERA=forged\n"
    assert entry["PRIORITY"] == "3"
    assert "CAMERA" not in entry


def test_a_traceback_is_part_of_the_message(journal: Journal) -> None:
    try:
        raise ValueError("no such thing")
    except ValueError:
        journal.log.exception("failed")
    message = journal.entry()["MESSAGE"]
    assert message.startswith("capture: failed\nTraceback (most recent call last):\n")
    assert message.endswith("ValueError: no such thing")


def test_an_entry_is_cut_to_what_a_datagram_takes(journal: Journal) -> None:
    extra = {f"field_{number}_{'x' * 90}": "ä" * 100_000 for number in range(100)}
    journal.log.info("ü" * 1_000_000, extra={"höhe": "ü\n" * 50_000, **extra})
    raw = journal.socket.recv(1 << 20)
    assert len(raw) < LARGEST_DATAGRAM
    entry = read(raw)
    assert MOST_MESSAGE <= len(entry["MESSAGE"].encode()) <= MOST_MESSAGE + 4
    assert entry["MESSAGE"].endswith("ü ...")
    assert len(entry["SMARTLOG_H_HE"].encode()) <= MOST_VALUE + 4
    assert sum(name.startswith("SMARTLOG_FIELD") for name in entry) == MOST_FIELDS - 1


def test_text_that_is_none_is_sent_as_well_as_can_be(journal: Journal) -> None:
    journal.log.info("file \udcff", extra={"name_of_it": "\udcff"})
    assert journal.entry()["SMARTLOG_NAME_OF_IT"] == "?"


def test_arguments_that_do_not_fit_are_told_on_standard_error_and_harm_nobody(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.log.info("%d rows", "many")
    assert "TypeError" in capsys.readouterr().err


def test_what_a_stuck_journal_does_not_take_is_counted_and_told_later(journal: Journal) -> None:
    sent = 0
    while journal.handler.lost == 0:
        journal.log.info("again")
        sent += 1
    journal.log.info("again")
    assert journal.handler.lost == 2
    for _ in range(sent - 1):
        assert "SMARTLOG_LOST" not in journal.entry()
    journal.log.info("at last")
    assert journal.entry()["SMARTLOG_LOST"] == "2"
    journal.log.info("all is well")
    assert "SMARTLOG_LOST" not in journal.entry()


def test_a_journal_that_is_away_and_comes_back_is_written_to_again(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal")
    first.socket.close()
    first.path.unlink()
    first.log.info("to nobody")
    assert first.handler.lost == 1
    second = Journal(first.path)
    first.log.info("to its successor")
    assert second.entry()["SMARTLOG_LOST"] == "1"
    first.handler.close()
    second.close()


def test_the_journal_is_used_only_where_standard_error_leads_to_it(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        found = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        handler = journald_handler(stream=stream, environ=named)
        assert isinstance(handler, ToJournal)
        handler.close()
        assert journald_handler(stream=stream, environ={}) is None
        assert journald_handler(stream=stream, environ={"JOURNAL_STREAM": f"{found.st_dev}:1"}) is None
        assert journald_handler(stream=io.StringIO(), environ=named) is None


def test_a_standard_error_that_is_closed_is_no_journal() -> None:
    with open(os.devnull, "w") as stream:  # noqa: PTH123 - a stream, not a path
        pass
    assert journald_handler(stream=stream, environ={"JOURNAL_STREAM": "1:2"}) is None


class Spared:
    """A logger whose repeated lines are spared, on a clock of the test's own."""

    def __init__(self, most: int = 3, most_kinds: int = 256) -> None:
        self.now_s = 0.0
        self.lines: list[str] = []
        handler = logging.StreamHandler(io.StringIO())
        handler.addFilter(Sparing(most, 60.0, most_kinds=most_kinds, clock_s=lambda: self.now_s))
        handler.emit = self._take  # type: ignore[method-assign]
        self.log = logging.Logger("smartlogd.capture")
        self.log.addHandler(handler)

    def _take(self, record: logging.LogRecord) -> None:
        left_out = getattr(record, "left_out", "")
        self.lines.append(f"{record.getMessage()} [{left_out}]" if left_out else record.getMessage())


def test_a_line_that_repeats_is_left_out_and_the_next_one_says_how_often() -> None:
    spared = Spared()
    for number in range(10):
        spared.log.warning("camera %s lost", number)
    spared.now_s = 59.9
    spared.log.warning("camera %s lost", 10)
    spared.now_s = 60.0
    spared.log.warning("camera %s lost", 11)
    spared.log.warning("camera %s lost", 12)
    assert spared.lines == [
        "camera 0 lost",
        "camera 1 lost",
        "camera 2 lost",
        "camera 11 lost [8 x camera %s lost]",
        "camera 12 lost",
    ]


def test_a_line_that_ceases_is_accounted_for_by_any_other() -> None:
    spared = Spared()
    for _ in range(5):
        spared.log.warning("camera lost")
        spared.log.info("rows refused")
    spared.now_s = 61.0
    spared.log.info("stopping")
    spared.log.info("stopped")
    assert spared.lines[-2:] == ["stopping [2 x camera lost, 2 x rows refused]", "stopped"]


def test_other_lines_are_not_held_up_by_one_that_repeats() -> None:
    spared = Spared()
    for _ in range(100):
        spared.log.warning("camera lost")
    spared.log.error("disk full")
    assert spared.lines == ["camera lost"] * 3 + ["disk full"]


def test_what_happens_before_the_camera_is_never_left_out() -> None:
    spared = Spared()
    for _ in range(100):
        spared.log.info("event", extra={"event": "crossing"})
    assert len(spared.lines) == 100


def test_lines_without_words_of_their_own_are_told_apart_by_what_is_filled_in() -> None:
    spared = Spared()
    for _ in range(5):
        spared.log.warning("%s", "broker away")
    spared.log.warning("%s", "broker reached")
    assert spared.lines == ["broker away"] * 3 + ["broker reached"]


def test_a_line_that_comes_now_and_then_is_never_left_out() -> None:
    spared = Spared()
    for minute in range(100):
        spared.now_s = 61.0 * minute
        spared.log.info("batch")
    assert spared.lines == ["batch"] * 100


def test_a_thousand_kinds_of_lines_need_no_memory_for_a_thousand() -> None:
    spared = Spared(most_kinds=4)
    for number in range(1000):
        spared.log.info(f"line {number}")
    assert len(spared.lines) == 1000
    (sparing,) = spared.log.handlers[0].filters
    assert isinstance(sparing, Sparing)
    assert len(sparing._kinds) == 4


def test_nothing_but_standard_error_is_looked_at_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert journald_handler() is None
