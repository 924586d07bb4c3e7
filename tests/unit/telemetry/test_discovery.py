"""What is announced is held against Home Assistant's own rules, written down here as of 2025.12.

They are those of homeassistant/components/mqtt: discovery.py and schemas.py for the device, one file for each
platform, abbreviations.py for short keys; device classes and their units are those of the components sensor,
binary_sensor, button and switch. Only what we use of them is listed; a key that is not listed fails.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from smartlogd.base.health import Backlog, Body, Command, Heartbeat, LastCrossing, LineToday, Told
from smartlogd.base.time import Stamp
from smartlogd.telemetry.commands import Commands
from smartlogd.telemetry.discovery import Offer, announced, announced_before, platforms
from smartlogd.telemetry.health import MOST_BYTES, encoded, line_state, pause_state, rendered, told
from smartlogd.telemetry.topics import Thing, Topics

TOPICS = Topics("smartlogd", "hall")
OFFER = Offer("0.5.0", ("door", "front door"), has_commands=True, heartbeat_s=30)
NOW = Stamp(10**13, dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC), trusted=True)
BEAT = Heartbeat(
    device="hall", version="0.5.0", boot_id="b8f2", at=NOW, uptime_s=12.5, state="running", camera="demo",
    camera_status="running", fps=9.8, inference_p50_ms=30, inference_p95_ms=44, frame_age_s=0.1, frames=118, dropped=3,
    events=21, people=2, lines=(LineToday("door", 12, 9), LineToday("front door", 1, 0, is_counting=False)),
    last_crossing=LastCrossing("0190-id", "door", "I", NOW.utc, "Ada"), waiting=Backlog("on", 3, 12.5, 0), journal="ok",
    body=Body(temperature_c=51.2, disk_free_bytes=123_456_789_012),
)  # fmt: skip
BARE = replace(BEAT, people=0, last_crossing=None, waiting=Backlog(), body=Body(), at=replace(NOW, trusted=False))

# Home Assistant's rules.

SHORT = {"cmps": "components", "dev": "device", "o": "origin", "p": "platform"}
SHORT_OF_DEVICE = {"ids": "identifiers", "mf": "manufacturer", "mdl": "model", "sw": "sw_version", "name": "name"}
SHORT_OF_ORIGIN = {"name": "name", "sw": "sw_version", "url": "support_url"}
DISCOVERY_TOPIC = re.compile(
    r"homeassistant/(?P<component>\w+)/(?:[a-zA-Z0-9_-]+/)?(?P<object_id>[a-zA-Z0-9_-]+)/config"
)
OF_DEVICE = {"device", "origin", "components", "state_topic", "command_topic", "qos", "encoding"}
AVAILABILITY = {"availability_topic", "availability_template", "payload_available", "payload_not_available"}
SHARED = AVAILABILITY | {"command_topic", "state_topic"}
"""What a component takes over from the device, where it does not say it itself. The quality of service is not of it."""
COMMON = AVAILABILITY | {
    "device", "origin", "unique_id", "default_entity_id", "name", "icon", "entity_category", "enabled_by_default",
    "json_attributes_topic", "json_attributes_template", "qos", "encoding", "entity_picture",
}  # fmt: skip
REQUIRED = {
    "binary_sensor": {"state_topic"},
    "button": {"command_topic"},
    "event": {"state_topic", "event_types"},
    "image": {"image_topic"},
    "sensor": {"state_topic"},
    "switch": {"command_topic"},
}
KNOWN = {
    "binary_sensor": {
        "state_topic", "value_template", "device_class", "expire_after", "force_update", "off_delay", "payload_off",
        "payload_on",
    },
    "button": {"command_topic", "command_template", "device_class", "payload_press", "retain"},
    "event": {"state_topic", "value_template", "device_class", "event_types"},
    "image": {"image_topic", "image_encoding", "content_type"},
    "sensor": {
        "state_topic", "value_template", "device_class", "expire_after", "force_update", "state_class",
        "suggested_display_precision", "unit_of_measurement", "options", "last_reset_value_template",
    },
    "switch": {
        "command_topic", "command_template", "state_topic", "value_template", "device_class", "optimistic", "retain",
        "payload_on", "payload_off", "state_on", "state_off",
    },
}  # fmt: skip
DEVICE_CLASSES: Mapping[str, set[str]] = {
    "binary_sensor": {"occupancy", "problem", "connectivity", "motion", "running"},
    "button": {"identify", "restart", "update"},
    "event": {"button", "doorbell", "motion"},
    "sensor": {"temperature", "duration", "data_size", "timestamp"},
    "switch": {"outlet", "switch"},
}
UNITS = {
    "temperature": {"°C", "°F", "K"},
    "duration": {"d", "h", "min", "s", "ms", "μs"},
    "data_size": {"B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB"},
    "timestamp": {None},
}
STATE_CLASSES = {
    None: {"measurement", "total", "total_increasing"},
    "temperature": {"measurement"},
    "duration": {"measurement", "total", "total_increasing"},
    "data_size": {"measurement", "total", "total_increasing"},
    "timestamp": set(),
}
CATEGORIES = {
    "binary_sensor": {"diagnostic"},
    "button": {"config", "diagnostic"},
    "event": {"diagnostic"},
    "image": {"diagnostic"},
    "sensor": {"diagnostic"},
    "switch": {"config", "diagnostic"},
}


def long_keys(given: Mapping[str, Any], short: Mapping[str, str]) -> dict[str, Any]:
    return {short.get(key, key): value for key, value in given.items()}


def whole(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message as the integration reads it: JSON, with the long names of its keys."""
    read = long_keys(json.loads(encoded(message)), SHORT)
    read["device"] = long_keys(read["device"], SHORT_OF_DEVICE)
    read["origin"] = long_keys(read["origin"], SHORT_OF_ORIGIN)
    read["components"] = {key: long_keys(one, SHORT) for key, one in read["components"].items()}
    return read


def complaints(message: Mapping[str, Any]) -> list[str]:
    """What Home Assistant would have against the message: empty where it takes it whole."""
    read = whole(message)
    found = [f"{key}: unknown" for key in read.keys() - OF_DEVICE - AVAILABILITY]
    if not read["device"].get("identifiers") or not set(read["device"]) <= set(SHORT_OF_DEVICE.values()):
        found.append("device: must have identifiers and known keys")
    if not isinstance(read["origin"].get("name"), str) or not set(read["origin"]) <= set(SHORT_OF_ORIGIN.values()):
        found.append("origin: must have a name and known keys")
    kept = {key: one for key, one in read["components"].items() if len(one) > 1}
    found += [f"{key}: a key with a space is lost when the device goes" for key in read["components"] if " " in key]
    found += [f"{key}: no such platform" for key, one in read["components"].items() if one["platform"] not in KNOWN]
    for field in ("unique_id", "default_entity_id", "name"):
        given = [one.get(field) for one in kept.values()]
        if None in given or len(set(given)) != len(kept):
            found.append(f"{field}: missing or given twice")
    taken = {option: read[option] for option in SHARED & read.keys()}
    return found + [f"{key}: {what}" for key, one in kept.items() for what in _of_component(one, taken)]


def _of_component(one: Mapping[str, Any], taken: Mapping[str, Any]) -> Iterator[str]:
    platform = one["platform"]
    yield from (f"{key} is ignored" for key in one.keys() - COMMON - KNOWN[platform] - {"platform"})
    yield from (f"{key} is missing" for key in REQUIRED[platform] - {**taken, **one}.keys())
    yield from (f"{key} is no topic" for key, value in one.items() if key.endswith("_topic") and not _is_topic(value))
    if not one.get("default_entity_id", "").startswith(f"{platform}."):
        yield "default_entity_id must begin with the platform"
    if one.get("device_class", "") and one["device_class"] not in DEVICE_CLASSES[platform]:
        yield "no such device class"
    if one.get("entity_category", "") and one["entity_category"] not in CATEGORIES[platform]:
        yield "no such category"
    if not one.get("icon", "mdi:x").startswith("mdi:"):
        yield "no such icon"
    if (
        not isinstance(one.get("expire_after", 1), int)
        or one.get("expire_after", 1) < 0
        or one.get("qos", 0) not in (0, 1, 2)
    ):
        yield "a number is none"
    if platform == "sensor":
        yield from _of_sensor(one)


def _of_sensor(one: Mapping[str, Any]) -> Iterator[str]:
    kind, unit, state_class = one.get("device_class"), one.get("unit_of_measurement"), one.get("state_class")
    if kind is not None and unit not in UNITS[kind]:
        yield "the unit does not fit the device class"
    if state_class is not None and state_class not in STATE_CLASSES[kind]:
        yield "the state class does not fit the device class"
    if unit is not None and not unit.strip():
        yield "the unit is empty"


def _is_topic(topic: object) -> bool:
    return (
        isinstance(topic, str) and 0 < len(topic.encode()) < 65536 and not re.search(r"[+#\x00-\x1f\x7f-\x9f]", topic)
    )


# What is announced.


def test_what_is_announced_passes_home_assistants_rules() -> None:
    assert complaints(announced(TOPICS, OFFER)) == []


def test_the_rules_notice_what_is_wrong() -> None:
    """A validator that finds nothing is worth nothing: each of these is wrong in one way."""
    right = announced(TOPICS, OFFER)
    wrong: list[dict[str, Any]] = []
    for key, change in [
        ("temperature", {"unit_of_measurement": "GB"}),
        ("temperature", {"state_class": "total"}),
        ("temperature", {"object_id": "x"}),
        ("occupancy", {"device_class": "people"}),
        ("occupancy", {"expire_after": 1.5}),
        ("people", {"entity_category": "config"}),
        ("people", {"icon": "people"}),
        ("pause", {"command_topic": "smartlogd/+/set"}),
        ("pause", {"default_entity_id": "pause"}),
        ("fps", {"unique_id": "smartlogd_hall_people"}),
        ("sync", {"state_class": "measurement"}),
        ("line_door", {"event_types": None, "event_type": "in"}),
    ]:
        read = json.loads(encoded(right))
        read["cmps"][key].update(change)
        wrong.append(read)
    for key in ("unique_id", "command_topic"):
        read = json.loads(encoded(right))
        del read["cmps"]["restart"][key]
        wrong.append(read)
    assert [index for index, message in enumerate(wrong) if not complaints(message)] == []


def test_the_topic_is_one_that_home_assistant_listens_to() -> None:
    found = DISCOVERY_TOPIC.fullmatch(TOPICS.discovery("homeassistant"))
    assert found is not None
    assert (found["component"], found["object_id"]) == ("device", "smartlogd_hall")


def test_there_is_an_entity_for_everything_that_is_seen_and_done() -> None:
    components = whole(announced(TOPICS, OFFER))["components"]
    assert {key: one["platform"] for key, one in components.items()} == {
        "in_today": "sensor",
        "out_today": "sensor",
        "last_person": "sensor",
        "people": "sensor",
        "fps": "sensor",
        "temperature": "sensor",
        "waiting_rows": "sensor",
        "oldest_waiting": "sensor",
        "disk_free": "sensor",
        "occupancy": "binary_sensor",
        "clock": "binary_sensor",
        "snapshot_image": "image",
        "snapshot": "button",
        "sync": "button",
        "restart": "button",
        "pause": "switch",
        "line_door": "event",
        "line_front%20door": "event",
        "counting_door": "switch",
        "counting_front%20door": "switch",
    }
    diagnostics = {key for key, one in components.items() if one.get("entity_category") == "diagnostic"}
    assert diagnostics == {"fps", "temperature", "waiting_rows", "oldest_waiting", "clock", "disk_free"}


def test_what_was_true_a_while_ago_is_unknown_after_three_heartbeats_and_the_days_counts_are_not() -> None:
    components = whole(announced(TOPICS, replace(OFFER, heartbeat_s=0.7 + 30)))["components"]
    lasting = {key: one["expire_after"] for key, one in components.items() if "expire_after" in one}
    assert lasting.keys() >= {"people", "occupancy", "fps", "temperature"}
    assert lasting.keys().isdisjoint({"in_today", "out_today", "last_person", "line_door"})
    assert set(lasting.values()) == {93}


def test_the_image_is_a_jpeg_on_the_topic_of_snapshots() -> None:
    image = whole(announced(TOPICS, OFFER))["components"]["snapshot_image"]
    assert (image["image_topic"], image["content_type"]) == (TOPICS.snapshot, "image/jpeg")


def test_a_device_that_takes_no_commands_offers_none() -> None:
    silent = announced(TOPICS, replace(OFFER, has_commands=False))
    assert complaints(silent) == []
    assert not {"button", "switch"} & set(platforms(silent).values())
    assert b"/set" not in encoded(silent)


def test_a_line_more_is_a_change_that_passes_and_leaves_the_others_as_they_were() -> None:
    before = announced(TOPICS, replace(OFFER, lines=("door",)))
    after = announced(TOPICS, OFFER, platforms(before))
    assert complaints(after) == []
    old, new = whole(before)["components"], whole(after)["components"]
    assert {key: new[key] for key in old} == old
    assert new.keys() - old.keys() == {"line_front%20door", "counting_front%20door"}


def test_a_line_that_is_gone_leaves_only_its_platform() -> None:
    before = announced(TOPICS, OFFER)
    after = announced(TOPICS, replace(OFFER, lines=("door",)), platforms(before))
    assert complaints(after) == []
    gone = {key: one for key, one in whole(after)["components"].items() if len(one) == 1}
    assert gone == {"line_front%20door": {"platform": "event"}, "counting_front%20door": {"platform": "switch"}}


def test_what_went_stays_gone_in_every_later_message_until_it_comes_back() -> None:
    one_line = replace(OFFER, lines=("door",))
    first = announced(TOPICS, OFFER)
    second = announced(TOPICS, one_line, platforms(first))
    third = announced(TOPICS, one_line, platforms(second))
    assert third == second
    assert announced(TOPICS, OFFER, platforms(third)) == first


def test_a_daemon_that_was_started_again_reads_from_the_broker_what_it_once_announced() -> None:
    retained = encoded(announced(TOPICS, OFFER))
    after = announced(TOPICS, replace(OFFER, lines=()), announced_before(retained))
    assert platforms(after) == platforms(announced(TOPICS, OFFER))
    assert {key for key, one in whole(after)["components"].items() if len(one) == 1} == {
        "line_door", "counting_door", "line_front%20door", "counting_front%20door",
    }  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"offline",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        b'{"cmps": []}',
        b'{"cmps": {"a": []}}',
        b'{"cmps": {"a": {}}}',
        b'{"cmps": {"a": {"p": 1}}}',
        b'{"cmps": {"a": {"p": "siren"}}}',
        b'{"cmps": {"a b": {"p": "sensor"}}}',
        b'{"cmps": {"": {"p": "sensor"}}}',
        b'{"cmps": {"a": {"p": "sensor"}}}' + b" " * MOST_BYTES,
    ],
    ids=lambda payload: repr(payload[:30]),
)
def test_what_the_broker_retained_is_believed_no_further_than_it_can_be_ours(payload: bytes) -> None:
    assert announced_before(payload) == {}


def test_the_message_is_bounded_however_many_lines_there_were() -> None:
    topics = Topics("/".join(["t" * 64] * 4), "d" * 63)
    lines = tuple(f"{number:04}{' .' * 30}" for number in range(400))
    gone = {f"line_{number}{'%20' * 80}": "binary_sensor" for number in range(1000)}
    message = announced(topics, Offer("v" * 64, lines, has_commands=True, heartbeat_s=3600), gone)
    assert len(encoded(message)) <= MOST_BYTES
    assert len(announced_before(encoded(message))) == len(platforms(message))
    assert complaints(message) == []


# What Home Assistant makes of it.


def home_assistant(at: Stamp = NOW, seed: int = 0) -> ImmutableSandboxedEnvironment:
    """Its template engine: the sandbox, with those of its own words that our templates use."""
    chance = random.Random(seed)
    jinja = ImmutableSandboxedEnvironment()
    jinja.globals["now"] = lambda: at.utc
    jinja.filters["random"] = chance.choice
    return jinja


def shown(component: Mapping[str, Any], payload: str, key: str = "value_template") -> str:
    """What an entity makes of a message; `value_json` is the message where it is JSON."""
    return home_assistant().from_string(component[key]).render(value=payload, value_json=json.loads(payload))


def sent(component: Mapping[str, Any], value: str, seed: int = 0) -> bytes:
    """What Home Assistant publishes when a button is pressed or a switch is turned."""
    template = component.get("command_template")
    rendered_ = home_assistant(seed=seed).from_string(template).render(value=value) if template else value
    return rendered_.encode()


@pytest.mark.parametrize(
    ("key", "full", "bare"),
    [
        ("in_today", "13", "13"),
        ("out_today", "9", "9"),
        ("people", "2", "0"),
        ("last_person", "Ada", "None"),
        ("fps", "9.8", "9.8"),
        ("temperature", "51.2", "None"),
        ("waiting_rows", "3", "None"),
        ("oldest_waiting", "12.5", "None"),
        ("disk_free", "123.46", "None"),
        ("occupancy", "ON", "OFF"),
        ("clock", "OFF", "ON"),
    ],
)
def test_a_heartbeat_is_shown_and_what_is_unknown_is_none(key: str, full: str, bare: str) -> None:
    message = whole(announced(TOPICS, OFFER))
    component = {"state_topic": message["state_topic"], **message["components"][key]}
    assert component["state_topic"] == TOPICS.state
    assert shown(component, encoded(rendered(BEAT, names=True)).decode()) == full
    assert shown(component, encoded(rendered(BARE, names=True)).decode()) == bare


def test_a_stranger_and_whoever_is_not_to_be_named_is_somebody() -> None:
    person = whole(announced(TOPICS, OFFER))["components"]["last_person"]
    assert shown(person, encoded(rendered(BEAT, names=False)).decode()) == "somebody"


@pytest.mark.parametrize(("beat", "person"), [(BEAT, {"person": "Ada"}), (BARE, {})])
def test_the_last_person_comes_with_line_and_time(beat: Heartbeat, person: Mapping[str, str]) -> None:
    component = whole(announced(TOPICS, OFFER))["components"]["last_person"]
    assert component["json_attributes_topic"] == TOPICS.state
    about = json.loads(shown(component, encoded(rendered(beat, names=True)).decode(), "json_attributes_template"))
    assert about.items() >= person.items()


def told_crossing(line: str, *, late_s: float = 0) -> str:
    event = Told(1, "0190-id", "crossing", NOW.utc, True, "5ub", "Ada", data={"line": line, "action": "O"})
    message = told(event, NOW.shifted(late_s), names=True)
    assert message is not None
    return encoded(message[1]).decode()


def test_an_event_entity_hears_its_own_line_and_no_other() -> None:
    component = whole(announced(TOPICS, OFFER))["components"]["line_front%20door"]
    assert component["state_topic"] == TOPICS.event("crossing")
    heard = json.loads(shown(component, told_crossing("front door")))
    assert heard["event_type"] in component["event_types"]
    assert heard["person"] == "Ada"
    assert shown(component, told_crossing("door")) == ""


def test_an_event_entity_lets_nothing_through_that_is_told_late() -> None:
    component = whole(announced(TOPICS, OFFER))["components"]["line_door"]
    assert shown(component, told_crossing("door", late_s=60))
    assert shown(component, told_crossing("door", late_s=61)) == ""


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\", "a}}b{{7*7}}", "a%}b", "dö\u2028r", "#", "$(id)", "{{ 7*7 }}"])
def test_a_lines_name_is_a_text_to_a_template_and_nothing_else(name: str) -> None:
    components = whole(announced(TOPICS, replace(OFFER, lines=(name,))))["components"]
    (event,) = [one for one in components.values() if one["platform"] == "event"]
    own = json.dumps({"line": name, "late": False})
    assert shown(event, own) == own
    assert shown(event, json.dumps({"line": "49", "late": False})) == ""


def test_a_switch_shows_what_its_thing_says() -> None:
    components = whole(announced(TOPICS, OFFER))["components"]
    states = [encoded(line_state(line)).decode() for line in BEAT.lines]
    assert components["counting_door"]["state_topic"] == TOPICS.state_of(Thing("line", "door"))
    assert [shown(components["counting_door"], state) for state in states] == ["ON", "OFF"]
    assert components["pause"]["state_topic"] == TOPICS.state_of(Thing("pause"))
    assert "value_template" not in components["pause"]
    assert pause_state(BEAT) == "OFF"


@pytest.mark.parametrize(
    ("key", "value", "command"),
    [
        ("snapshot", "PRESS", Command("snapshot")),
        ("sync", "PRESS", Command("sync")),
        ("restart", "PRESS", Command("restart")),
        ("pause", "ON", Command("pause")),
        ("pause", "OFF", Command("resume")),
        ("counting_door", "ON", Command("line", {"name": "door", "counting": True})),
        ("counting_front%20door", "OFF", Command("line", {"name": "front door", "counting": False})),
    ],
)
def test_every_control_sends_a_command_that_is_obeyed(key: str, value: str, command: Command) -> None:
    component = whole(announced(TOPICS, OFFER))["components"][key]
    read = Commands(TOPICS).read(component["command_topic"], sent(component, value), is_retained=False, now=NOW)
    assert read == command


def test_every_control_is_driven_by_the_test_above() -> None:
    controls = {key for key, p in platforms(announced(TOPICS, OFFER)).items() if p in {"button", "switch"}}
    assert controls == {"snapshot", "sync", "restart", "pause", "counting_door", "counting_front%20door"}


def test_pressed_twice_a_button_is_obeyed_twice_and_its_message_played_again_is_not() -> None:
    component = whole(announced(TOPICS, OFFER))["components"]["restart"]
    commands = Commands(TOPICS)
    first, second = sent(component, "PRESS", seed=1), sent(component, "PRESS", seed=2)
    outcomes = [
        commands.read(component["command_topic"], payload, is_retained=False, now=NOW)
        for payload in (first, second, first)
    ]
    assert [isinstance(outcome, Command) for outcome in outcomes] == [True, True, False]


def test_a_press_is_never_retained_and_arrives_once_at_least() -> None:
    components = whole(announced(TOPICS, OFFER))["components"]
    for one in components.values():
        assert "retain" not in one
        assert one["qos"] == 1
