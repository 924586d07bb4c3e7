from __future__ import annotations

import datetime as dt
import json
import random
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from smartlogd.base.health import Command
from smartlogd.base.time import Stamp
from smartlogd.telemetry.commands import KEEP_NONCES_S, LONGEST_BYTES, MOST_NONCES, OLDEST_S, Commands, Refusal
from smartlogd.telemetry.topics import LINE, PLAIN, Thing, Topics

TOPICS = Topics("smartlogd", "hall")
NOW = Stamp(10**13, dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC), trusted=True)
UNSET = Stamp(10**13, dt.datetime(2020, 1, 1, tzinfo=dt.UTC), trusted=False)
RESTART, DOOR = Thing("restart"), Thing(LINE, "door")


def said(**words: Any) -> bytes:
    """A guarded message as it should be, but for these words; None leaves one out."""
    whole = {"time": NOW.utc.isoformat(), "nonce": "0123456789", **words}
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode()


def read(thing: Thing, payload: bytes, *, at: Stamp = NOW, commands: Commands | None = None) -> Command | Refusal:
    return (commands or Commands(TOPICS)).read(TOPICS.set(thing), payload, is_retained=False, now=at)


def why(thing: Thing, payload: bytes, *, at: Stamp = NOW, commands: Commands | None = None) -> str:
    """The sentence with which it is refused."""
    refusal = read(thing, payload, at=at, commands=commands)
    assert isinstance(refusal, Refusal)
    assert refusal.thing == thing
    assert refusal.why.endswith(".")
    return refusal.why


@pytest.mark.parametrize(
    ("thing", "payload", "what"),
    [
        ("snapshot", b"PRESS", "snapshot"),
        ("snapshot", b"", "snapshot"),
        ("sync", b"PRESS", "sync"),
        ("sync", b"", "sync"),
        ("reload", b"", "reload"),
        ("reload", b"PRESS", "reload"),
        ("pause", b"ON", "pause"),
        ("pause", b"PRESS", "pause"),
        ("pause", b"OFF", "resume"),
        ("resume", b"ON", "resume"),
        ("resume", b"PRESS", "resume"),
    ],
)
def test_a_word_is_a_command(thing: str, payload: bytes, what: str) -> None:
    assert read(Thing(thing), payload) == Command(what)


def test_a_word_may_be_repeated() -> None:
    commands = Commands(TOPICS)
    assert [read(Thing("pause"), b"ON", commands=commands) for _ in range(3)] == [Command("pause")] * 3


@pytest.mark.parametrize("thing", PLAIN)
@pytest.mark.parametrize("payload", [b"on", b"ON ", b"PRESS\0", b"\xff", b"{}", b"ON" * 5000, b"; reboot", b"1"])
def test_another_word_is_none(thing: str, payload: bytes) -> None:
    assert why(Thing(thing), payload)


def test_a_refusal_says_which_words_there_are() -> None:
    assert why(Thing("pause"), b"x") == "That is no command; pause knows OFF, ON, PRESS."
    assert why(Thing("sync"), b"x") == "That is no command; sync knows PRESS, an empty message."


def test_a_message_that_deletes_a_retained_one_opens_no_camera() -> None:
    assert why(Thing("resume"), b"")
    assert why(Thing("pause"), b"")


def test_restart_comes_with_a_time_and_a_nonce() -> None:
    assert read(RESTART, said()) == Command("restart")
    assert read(RESTART, said(time=NOW.utc.timestamp())) == Command("restart")
    assert read(RESTART, said(time="2026-11-22T08:00:10+02:00")) == Command("restart")
    assert read(RESTART, said(time="2026-11-22T06:00:00Z")) == Command("restart")


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ({"counting": False}, {"counting": False}),
        ({"start": [0, 1], "end": [0.5, 0.25]}, {"start": [0.0, 1.0], "end": [0.5, 0.25]}),
        ({"inside": "left", "counting": True}, {"counting": True, "inside": "left"}),
    ],
)
def test_a_line_is_told_what_to_be(words: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    assert read(Thing(LINE, "front door"), said(**words)) == Command("line", {"name": "front door", **arguments})


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"counting": 1},
        {"counting": "true"},
        {"counting": [True]},
        {"start": [0, 1, 0]},
        {"start": [0]},
        {"start": 0.5},
        {"start": {"x": 0, "y": 1}},
        {"start": [0, 1.0001]},
        {"start": [-0.0001, 1]},
        {"start": [0, True]},
        {"start": [0, "1"]},
        {"end": [0, 10**300]},
        {"end": [[0], 1]},
        {"inside": "LEFT"},
        {"inside": "sideways"},
        {"inside": 1},
        {"inside": ["left"]},
        {"counting": True, "path": "/etc/passwd"},
        {"counting": True, "name": "other"},
        {"counting": True, "band": 0.1},
    ],
)
def test_a_line_is_told_nothing_else(words: Mapping[str, Any]) -> None:
    assert why(DOOR, said(**words))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"PRESS",
        b"null",
        b"[]",
        b'"restart"',
        b"{",
        b"{} {}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"time": "\xc3\x28", "nonce": "0123456789"}',
        b"[" * LONGEST_BYTES,
        b'{"a":' * (LONGEST_BYTES // 5),
        b'{"time": NaN, "nonce": "0123456789"}',
        b'{"time": Infinity, "nonce": "0123456789"}',
        b'{"time": 1e999, "nonce": "0123456789"}',
        b'{"time": -1e999, "nonce": "0123456789"}',
        b'{"time": ' + b"9" * 4000 + b', "nonce": "0123456789"}',
        b'{"time": ' + b"9" * 8000 + b', "nonce": "0123456789"}',
        b'{"time": 1795327200, "time": 1795327200, "nonce": "0123456789"}',
        b'{"time": 1795327200, "nonce": "0123456789", "nonce": "1123456789"}',
        said(shell="reboot"),
        said(**{"": ""}),
        said(time=None),
        said(nonce=None),
    ],
    ids=lambda payload: repr(payload[:30]),
)
def test_what_is_no_whole_message_is_refused(payload: bytes) -> None:
    assert why(RESTART, payload)


@pytest.mark.parametrize(
    "time",
    [
        True,
        -1,
        10**18,
        "",
        "now",
        "2026-11-22",
        "2026-11-22T06:00:00",
        "2026-11-22T06:00:00+99:00",
        "2026-13-22T06:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        " 2026-11-22T06:00:00Z" + " " * 100,
        [2026],
        {},
    ],
)
def test_a_time_that_is_none_is_refused(time: object) -> None:
    assert why(RESTART, said(time=time))


@pytest.mark.parametrize(
    "nonce", ["", "1234567", "x" * 65, "12345678 ", "12345678\n", "é" * 8, "\ud800" * 8, 12345678, True, ["12345678"]]
)
def test_a_nonce_that_is_none_is_refused(nonce: object) -> None:
    assert why(RESTART, said(nonce=nonce))


def test_a_message_may_have_eight_kibibytes_and_no_more() -> None:
    whole = said()
    assert read(RESTART, whole + b" " * (LONGEST_BYTES - len(whole))) == Command("restart")
    assert why(RESTART, whole + b" " * (LONGEST_BYTES - len(whole) + 1)) == (
        f"The message has {LONGEST_BYTES + 1} bytes; {LONGEST_BYTES} are the most."
    )


@pytest.mark.parametrize("thing", [*map(Thing, PLAIN), RESTART, DOOR])
def test_a_retained_message_is_no_command(thing: Thing) -> None:
    payload = said(counting=True) if thing is DOOR else said() if thing is RESTART else b"PRESS"
    commands = Commands(TOPICS)
    refusal = commands.read(TOPICS.set(thing), payload, is_retained=True, now=NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.why.startswith("A retained message is no command")
    assert isinstance(read(thing, payload, commands=commands), Command), "and its nonce was not used"


@pytest.mark.parametrize("topic", ["", "smartlogd/hall/door/set", "smartlogd/attic/restart/set", "x" * 65535])
def test_a_topic_without_a_thing_is_answered_by_nobody(topic: str) -> None:
    refusal = Commands(TOPICS).read(topic, said(), is_retained=False, now=NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.thing is None


@pytest.mark.parametrize(
    ("age_s", "word"),
    [(OLDEST_S, ""), (OLDEST_S + 0.1, "ago"), (-OLDEST_S, ""), (-OLDEST_S - 0.1, "ahead")],
)
def test_a_command_is_obeyed_within_a_minute(age_s: float, word: str) -> None:
    payload = said(time=NOW.shifted(-age_s).utc.isoformat())
    if word:
        assert word in why(RESTART, payload)
    else:
        assert read(RESTART, payload) == Command("restart")


def test_while_the_clock_is_not_trusted_no_age_is_asked_and_a_nonce_counts_all_the_same() -> None:
    commands = Commands(TOPICS, began=UNSET)
    assert read(RESTART, said(), at=UNSET, commands=commands) == Command("restart")
    assert why(RESTART, said(), at=UNSET, commands=commands) == "This nonce was used before."


def test_what_was_asked_before_the_daemon_started_is_not_asked_of_it_again() -> None:
    began = NOW.shifted(-10)
    assert "before this daemon started" in why(
        RESTART, said(time=NOW.shifted(-11).utc.isoformat()), commands=Commands(TOPICS, began=began)
    )
    assert read(RESTART, said(time=NOW.shifted(-9).utc.isoformat()), commands=Commands(TOPICS, began=began))


def test_a_nonce_is_used_once_for_whatever_thing() -> None:
    commands = Commands(TOPICS)
    assert read(DOOR, said(counting=True), commands=commands) == Command("line", {"name": "door", "counting": True})
    assert why(RESTART, said(), commands=commands) == "This nonce was used before."
    assert read(RESTART, said(nonce="another-one"), commands=commands) == Command("restart")


def test_a_message_that_is_refused_uses_no_nonce() -> None:
    commands = Commands(TOPICS)
    assert why(RESTART, said(time=NOW.shifted(-61).utc.isoformat()), commands=commands)
    assert why(RESTART, said(more=1), commands=commands)
    assert read(RESTART, said(), commands=commands) == Command("restart")


def test_nonces_are_bounded_and_none_is_forgotten_while_its_message_could_be_played_again() -> None:
    commands = Commands(TOPICS)
    ahead = NOW.shifted(OLDEST_S).utc.isoformat()
    for number in range(MOST_NONCES):
        assert read(RESTART, said(time=ahead, nonce=f"nonce-{number:04}"), commands=commands) == Command("restart")
    assert "wait a while" in why(RESTART, said(nonce="one-too-many"), commands=commands)
    last = NOW.shifted(KEEP_NONCES_S)
    for number in (0, MOST_NONCES - 1):
        again = said(time=ahead, nonce=f"nonce-{number:04}")
        assert why(RESTART, again, at=last, commands=commands) == "This nonce was used before."
    later = NOW.shifted(KEEP_NONCES_S + 1)
    assert read(RESTART, said(time=later.utc.isoformat(), nonce="one-more-now"), at=later, commands=commands) == (
        Command("restart")
    )
    assert why(RESTART, said(time=ahead, nonce="nonce-0000"), at=later, commands=commands).endswith("60 s ago.")


def test_nonces_outlive_two_minutes_as_long_as_there_is_room() -> None:
    commands = Commands(TOPICS)
    read(RESTART, said(), at=UNSET, commands=commands)
    assert why(RESTART, said(), at=UNSET.shifted(86400), commands=commands) == "This nonce was used before."


# A hundred thousand hostile messages: what is valid, changed at random, and what never was.

PIECES = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\u0000", b"\\ud800", b"\0", b"\xff", b"\xc3\x28", b"NaN", b"1e999",
    b"-0", b"9" * 400, b"true", b"null", b'"time"', b'"nonce"', b'"counting"', b'"start"', b'"inside"', b"[" * 2000,
    b'{"a":' * 1500, b"ON", b"OFF", b"PRESS", b"\xf0\x9f\x90\xb6", b" " * 9000, b"'; DROP TABLE users; --", b"$(id)",
)  # fmt: skip
TOPIC_PIECES = ("/", "//", "+", "#", "$SYS", "%", "%2F", "%00", "\0", "..", "line", "set", "pause", "\ud800", "é" * 300)


def hostile(chance: random.Random, at: Stamp) -> tuple[str, bytes]:
    """A topic and a payload that someone might send to see what happens."""
    thing = chance.choice([*PLAIN, *["restart", "line/door", "line/front%20door"] * 2, "line/%2e%2e", "status", ""])
    topic = f"smartlogd/{chance.choice(['hall'] * 8 + ['attic', ''])}/{thing}/set"
    payload, kind = _meant(thing, chance, at), chance.random()
    if kind < 0.2:
        return _changed(topic, TOPIC_PIECES, chance), payload
    if kind < 0.5:
        return topic, _changed(payload, PIECES, chance)
    return topic, payload if kind < 0.8 else b"".join(chance.choices(PIECES, k=chance.randrange(4)))


def _meant(thing: str, chance: random.Random, at: Stamp) -> bytes:
    """A payload that the thing takes, or nearly."""
    if thing in PLAIN:
        return chance.choice([b"PRESS", b"ON", b"OFF", b"", chance.randbytes(20)])
    words = {
        "counting": chance.choice([None, True, False, 1]),
        "start": chance.choice([None, [0, 1], [0.25, 0.5], [0, 2], ["0", 1], 10**300]),
        "inside": chance.choice([None, "left", "above", "up"]),
    }
    time = at.shifted(chance.choice([0, 0, 0, -30, 59, -61, 1e8])).utc.isoformat()
    asked = words if thing != "restart" or chance.random() < 0.1 else {}
    return said(nonce=f"{chance.randrange(10**9):09}", time=time, **asked)


def _changed(text: Any, pieces: Any, chance: random.Random) -> Any:
    """The text with a part of it lost, or something put into it, in a place or three."""
    for _ in range(chance.randrange(1, 4)):
        place, lost = chance.randrange(len(text) + 1), chance.choice([0, 0, 1, 5])
        text = text[:place] + chance.choice(pieces) + text[place + lost :]
    return text


@pytest.fixture
def messages(long_run: bool) -> int:
    return 100_000 if long_run else 10_000


def test_hostile_messages_do_no_harm_and_fill_no_memory(messages: int) -> None:
    chance, commands = random.Random(20261122), Commands(TOPICS)
    obeyed, refused = [0, 0], set()
    tracemalloc.start()
    try:
        for number in range(messages):
            at = NOW.shifted(number / 50)
            topic, payload = hostile(chance, at)
            outcome = commands.read(topic, payload, is_retained=chance.random() < 0.05, now=at)
            _judge(outcome, obeyed, refused)
            if number == messages // 2:
                half = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert min(obeyed) > messages / 20, "some are whole and some are not, or nothing was tried"
    assert len(refused) < 40, "the sentences are ours, and hold nothing of what was sent"
    assert now - half < 256 * 1024
    assert peak - half < 1024 * 1024


def _judge(outcome: Command | Refusal, obeyed: list[int], refused: set[str]) -> None:
    if isinstance(outcome, Refusal):
        obeyed[1] += 1
        # The one thing of a message that a refusal repeats is how many bytes it had.
        refused.add("".join(letter for letter in outcome.why if not letter.isdigit()))
        return
    obeyed[0] += 1
    assert outcome.what in {*PLAIN, "restart", "line"}
    assert outcome.arguments.keys() <= {"name", "counting", "start", "end", "inside"}
    assert len(json.dumps(outcome.arguments, allow_nan=False)) < 300


@pytest.mark.parametrize("damage", [lambda text: text[:-1], lambda text: text + b"}", lambda text: text.upper()])
def test_every_damage_to_a_whole_message_is_noticed(damage: Callable[[bytes], bytes]) -> None:
    assert read(RESTART, said()) == Command("restart")
    assert why(RESTART, damage(said()))
