from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.telemetry.topics import GUARDED, LINE, PLAIN, Thing, Topics, birth, escaped

TOPICS = Topics("smartlogd", "hall")
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}\Z")


def test_everything_stands_below_the_device() -> None:
    said = [TOPICS.status, TOPICS.state, TOPICS.snapshot, TOPICS.event("face"), *TOPICS.commands]
    assert all(topic.startswith("smartlogd/hall/") for topic in said)
    assert (TOPICS.step, TOPICS.done) == ("smartlogd/hall/routine/step", "smartlogd/hall/routine/done")
    assert TOPICS.thing_of(TOPICS.done) is None, "what is done is no command"
    assert TOPICS.root == "smartlogd/hall"
    assert TOPICS.device == "hall"


def test_a_things_three_topics_stand_side_by_side() -> None:
    line = Thing(LINE, "front door")
    assert TOPICS.set(line) == "smartlogd/hall/line/front%20door/set"
    assert TOPICS.state_of(line) == "smartlogd/hall/line/front%20door/state"
    assert TOPICS.result(line) == "smartlogd/hall/line/front%20door/result"


def test_home_assistant_looks_for_devices_below_its_own_prefix() -> None:
    assert TOPICS.discovery("homeassistant") == "homeassistant/device/smartlogd_hall/config"
    assert birth("homeassistant") == "homeassistant/status"


@pytest.mark.parametrize("what", [*PLAIN, "restart"])
def test_every_thing_is_known_by_its_topic(what: str) -> None:
    assert TOPICS.thing_of(TOPICS.set(Thing(what))) == Thing(what)


@given(NAMES)
def test_every_line_is_known_by_its_topic_and_by_no_other(name: str) -> None:
    line = Thing(LINE, name)
    assert TOPICS.thing_of(TOPICS.set(line)) == line
    assert set(escaped(name)).isdisjoint("/+# .")


@given(NAMES, NAMES)
def test_two_lines_never_share_a_topic(one: str, other: str) -> None:
    assert (TOPICS.set(Thing(LINE, one)) == TOPICS.set(Thing(LINE, other))) == (one == other)


def test_the_filters_match_every_command_and_nothing_of_another_device() -> None:
    from paho.mqtt.client import topic_matches_sub

    things = [Thing(what) for what in (*PLAIN, "restart")] + [Thing(LINE, "back door")]
    for thing in things:
        assert sum(topic_matches_sub(sub, TOPICS.set(thing)) for sub in TOPICS.commands) == 1
        assert not any(topic_matches_sub(sub, Topics("smartlogd", "attic").set(thing)) for sub in TOPICS.commands)
        assert not any(topic_matches_sub(sub, TOPICS.state_of(thing)) for sub in TOPICS.commands)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "smartlogd/hall",
        "smartlogd/hall/",
        "smartlogd/hall//set",
        "smartlogd/hall/set",
        "smartlogd/hall/door/set",
        "smartlogd/hall/pause/state",
        "smartlogd/hall/pause/x/set",
        "smartlogd/hall/pause//set",
        "smartlogd/hall/Pause/set",
        "smartlogd/attic/pause/set",
        "smartlogd/hallo/pause/set",
        "smartlogd/hall/line/set",
        "smartlogd/hall/line//set",
        "smartlogd/hall/line/a/b/set",
        "smartlogd/hall/line/front door/set",
        "smartlogd/hall/line/front%2",
        "smartlogd/hall/line/front%20door%2/set",
        "smartlogd/hall/line/%64oor/set",
        "smartlogd/hall/line/a%2fb/set",
        "smartlogd/hall/line/a%2Fb/set",
        "smartlogd/hall/line/..%2F..%2Fetc/set",
        "smartlogd/hall/line/%20door/set",
        "smartlogd/hall/line/d\u00f6\u00f6r/set",
        "smartlogd/hall/line/" + "d" * 65 + "/set",
        "smartlogd/hall/line/" + "d" * 60000 + "/set",
        "smartlogd/hall/line/\ud800/set",
    ],
)
def test_there_is_nothing_behind_any_other_topic(topic: str) -> None:
    assert TOPICS.thing_of(topic) is None


def test_a_broken_letter_can_be_spelt_all_the_same() -> None:
    assert escaped("\ud800\u00e9") == "%3F%C3%A9"
    assert set(GUARDED).isdisjoint(PLAIN)
