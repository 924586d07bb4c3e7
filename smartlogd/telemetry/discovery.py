"""What Home Assistant is told that this device offers: one retained message, from which it makes its entities.

The message names the device, and each entity as a component with its platform `p` and a `unique_id` that never
changes. A component is taken away by sending only its `p`. Such remainders stay in the message, for whoever of the
listeners was away when the component went: to those that never knew it they say nothing. (Two messages in quick
succession would be the other way; Home Assistant passes over parts of the second while it is busy with the first.)

The keys are those of Home Assistant's MQTT integration as of 2025.12: homeassistant/components/mqtt/schemas.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smartlogd.base.known import Json
from smartlogd.telemetry.plain import first
from smartlogd.telemetry.topics import LINE, Thing, Topics, escaped

EXPIRE_BEATS = 3
"""After so many heartbeats that did not come, what was true a while ago is unknown."""

_MOST_LINES = 32
_MOST_GONE = 128
"""Components that once were, and are named so that nobody keeps them."""
_MOST_BYTES = 256 * 1024
_KEY = re.compile(r"[A-Za-z0-9_%-]{1,256}")
_NO_LETTERS = re.compile(r"(?:%[0-9A-F]{2}|[^A-Za-z0-9])+")
_PLATFORMS = frozenset({"binary_sensor", "button", "event", "image", "sensor", "switch"})

_DIGITS = "{{ range(10000, 100000) | random }}"
_ASKED = f'"time": {{{{ now().timestamp() }}}}, "nonce": "{_DIGITS * 4}"'
"""When the button was pressed, and twenty digits that chance gives: rendered by Home Assistant at each press."""
_RESTART = f"{{{_ASKED}}}"
_COUNTING = f"""{{{_ASKED}, "counting": {{{{ 'true' if value == 'ON' else 'false' }}}}}}"""

_SENSORS: Mapping[str, Mapping[str, Json]] = {
    "in_today": {
        "name": "In today",
        "icon": "mdi:login",
        "state_class": "total_increasing",
        "value_template": "{{ value_json.in_today }}",
    },
    "out_today": {
        "name": "Out today",
        "icon": "mdi:logout",
        "state_class": "total_increasing",
        "value_template": "{{ value_json.out_today }}",
    },
    "last_person": {
        "name": "Last person",
        "icon": "mdi:account",
        "value_template": "{{ (value_json.last_crossing.person or 'somebody') if value_json.last_crossing else none }}",
        "json_attributes_template": "{{ (value_json.last_crossing or {}) | tojson }}",
    },
}
_LIVE_SENSORS: Mapping[str, Mapping[str, Json]] = {
    "people": {
        "name": "People in view",
        "icon": "mdi:account-multiple",
        "state_class": "measurement",
        "value_template": "{{ value_json.people }}",
    },
    "fps": {
        "name": "Frame rate",
        "icon": "mdi:filmstrip",
        "state_class": "measurement",
        "unit_of_measurement": "fps",
        "suggested_display_precision": 1,
        "entity_category": "diagnostic",
        "value_template": "{{ value_json.fps }}",
    },
    "temperature": {
        "name": "Temperature",
        "device_class": "temperature",
        "state_class": "measurement",
        "unit_of_measurement": "°C",
        "suggested_display_precision": 1,
        "entity_category": "diagnostic",
        "value_template": "{{ value_json.temperature_c }}",
    },
    "waiting_rows": {
        "name": "Waiting rows",
        "icon": "mdi:tray-full",
        "state_class": "measurement",
        "unit_of_measurement": "rows",
        "entity_category": "diagnostic",
        "value_template": "{{ value_json.waiting_rows }}",
    },
    "oldest_waiting": {
        "name": "Oldest waiting",
        "device_class": "duration",
        "state_class": "measurement",
        "unit_of_measurement": "s",
        "suggested_display_precision": 0,
        "entity_category": "diagnostic",
        "value_template": "{{ value_json.oldest_waiting_s }}",
    },
    "disk_free": {
        "name": "Disk free",
        "device_class": "data_size",
        "state_class": "measurement",
        "unit_of_measurement": "GB",
        "suggested_display_precision": 1,
        "entity_category": "diagnostic",
        "value_template": "{{ none if value_json.disk_free_bytes is none"
        " else (value_json.disk_free_bytes / 1000000000) | round(2) }}",
    },
}
_LIVE_SIGNS: Mapping[str, Mapping[str, Json]] = {
    "occupancy": {
        "name": "Occupancy",
        "device_class": "occupancy",
        "value_template": "{{ 'ON' if value_json.people > 0 else 'OFF' }}",
    },
    "clock": {
        "name": "Clock not set",
        "device_class": "problem",
        "entity_category": "diagnostic",
        "value_template": "{{ 'OFF' if value_json.clock_trusted else 'ON' }}",
    },
}
_BUTTONS: Mapping[str, Mapping[str, Json]] = {
    "snapshot": {"name": "Snapshot", "icon": "mdi:camera"},
    "sync": {"name": "Sync now", "icon": "mdi:sync", "entity_category": "config"},
    "restart": {
        "name": "Restart",
        "device_class": "restart",
        "entity_category": "config",
        "command_template": _RESTART,
    },
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a device offers: its version, its lines, whether it takes commands, and how often it says how it fares."""

    version: str
    lines: tuple[str, ...]
    has_commands: bool
    heartbeat_s: float


def announced(topics: Topics, offer: Offer, before: Mapping[str, str] | None = None) -> Mapping[str, Json]:
    """The message for `topics.discovery(prefix)`; an empty one instead takes the whole device away.

    `before` are the components that were ever announced, with their platforms (see `platforms` and
    `announced_before`): those that are offered no longer stand there with their platform alone.
    """
    components = dict(_components(topics, offer))
    gone = {key: platform for key, platform in (before or {}).items() if key not in components}
    kept = list(gone.items())[-_MOST_GONE:]
    return {
        "dev": {
            "ids": [f"smartlogd_{topics.device}"],
            "name": topics.device,
            "mf": "smartlogd",
            "mdl": "smartlogd edge logger",
            "sw": offer.version,
        },
        "o": {"name": "smartlogd", "sw": offer.version},
        "availability_topic": topics.status,
        "payload_available": "online",
        "payload_not_available": "offline",
        "state_topic": topics.state,
        "qos": 1,
        "cmps": {**components, **{key: {"p": platform} for key, platform in kept}},
    }


def platforms(message: Mapping[str, Json]) -> Mapping[str, str]:
    """The components that a message names, those that are gone too, each with its platform."""
    components = message.get("cmps")
    if not isinstance(components, Mapping):
        return {}
    named = ((key, one.get("p")) for key, one in components.items() if isinstance(one, Mapping))
    return {key: p for key, p in named if isinstance(p, str) and p in _PLATFORMS and _KEY.fullmatch(key)}


def announced_before(payload: bytes) -> Mapping[str, str]:
    """What an earlier run announced, read from the message that the broker retained; empty where it is not ours.

    >>> announced_before(b'{"cmps": {"line_door": {"p": "event", "name": "door"}}}')
    {'line_door': 'event'}
    """
    if len(payload) > _MOST_BYTES:
        return {}
    try:
        message = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return dict(first(platforms(message).items(), 2 * _MOST_GONE)) if isinstance(message, dict) else {}


def _components(topics: Topics, offer: Offer) -> Iterator[tuple[str, Json]]:
    """Every component that is offered, by its key."""
    lasting = {"expire_after": math.ceil(EXPIRE_BEATS * offer.heartbeat_s)}
    for key, about in _SENSORS.items():
        attributes = {"json_attributes_topic": topics.state} if "json_attributes_template" in about else {}
        yield key, _component(topics, "sensor", key, {**about, **attributes})
    for key, about in _LIVE_SENSORS.items():
        yield key, _component(topics, "sensor", key, {**about, **lasting})
    for key, about in _LIVE_SIGNS.items():
        yield key, _component(topics, "binary_sensor", key, {**about, **lasting})
    picture: Mapping[str, Json] = {"image_topic": topics.snapshot, "content_type": "image/jpeg"}
    yield "snapshot_image", _component(topics, "image", "snapshot_image", {"name": "Last snapshot", **picture})
    for name in offer.lines[:_MOST_LINES]:
        yield f"line_{escaped(name)}", _crossings(topics, name)
    if offer.has_commands:
        yield from _controls(topics, offer)


def _controls(topics: Topics, offer: Offer) -> Iterator[tuple[str, Json]]:
    """What may be pressed and switched."""
    for key, about in _BUTTONS.items():
        pressed: Mapping[str, Json] = {"command_topic": topics.set(Thing(key)), **about}
        yield key, _component(topics, "button", key, pressed)
    pause = Thing("pause")
    switched: Mapping[str, Json] = {"command_topic": topics.set(pause), "state_topic": topics.state_of(pause)}
    yield "pause", _component(topics, "switch", "pause", {"name": "Pause", "icon": "mdi:camera-off", **switched})
    for name in offer.lines[:_MOST_LINES]:
        yield f"counting_{escaped(name)}", _counting(topics, name)


def _crossings(topics: Topics, name: str) -> Json:
    """The event entity of a line: it hears every crossing and lets through its own, but for what is told late."""
    lets_through = f"value_json.line == {json.dumps(name)} and not value_json.late"
    about: Mapping[str, Json] = {
        "name": name,
        "icon": "mdi:door",
        "state_topic": topics.event("crossing"),
        "event_types": ["in", "out"],
        "value_template": f"{{{{ value if {lets_through} else '' }}}}",
    }
    return _component(topics, "event", f"line_{escaped(name)}", about)


def _counting(topics: Topics, name: str) -> Json:
    """The switch of a line: whether it counts."""
    line = Thing(LINE, name)
    about: Mapping[str, Json] = {
        "name": f"{name} counting",
        "icon": "mdi:counter",
        "entity_category": "config",
        "command_topic": topics.set(line),
        "command_template": _COUNTING,
        "state_topic": topics.state_of(line),
        "value_template": "{{ 'ON' if value_json.counting else 'OFF' }}",
    }
    return _component(topics, "switch", f"counting_{escaped(name)}", about)


def _component(topics: Topics, platform: str, key: str, about: Mapping[str, Json]) -> Json:
    """A component: its platform, what it is forever known by, and the name that its entity is first given."""
    called = _NO_LETTERS.sub("_", f"smartlogd_{topics.device}_{key}").strip("_").lower()
    identity: Mapping[str, Json] = {
        "p": platform,
        "unique_id": f"smartlogd_{topics.device}_{key}",
        "default_entity_id": f"{platform}.{called}",
        "qos": 1,
    }
    return {**identity, **about}
