"""The steps of a routine as they are written on the command line: `treat`, `wait:30`, `play:2m,toy=ball`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from smartlogd.base.errors import Exit, SmartlogError

if TYPE_CHECKING:
    from smartlogd.base.known import Json

_STEP = re.compile(r"(?P<type>[a-z_]+)(:(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>[smh]?))?(?P<params>(,[^,=]+=[^,]*)*)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
HINT = "For example: --step treat,count=2 --step wait:30 --step play:2m,toy=ball"


def step_of(text: str) -> dict[str, Json]:
    """The step that is written so; SmartlogError (2) where it is none.

    What kinds there are, and how long they may take, is not asked here.

    >>> step_of("play:2m,toy=ball,loud=false")
    {'type': 'play', 'duration_s': 120.0, 'params': {'toy': 'ball', 'loud': False}}
    """
    found = _STEP.fullmatch(text)
    if found is None:
        raise SmartlogError(
            f"--step {text[:80]!r} cannot be read: it is TYPE[:SECONDS][,KEY=VALUE].", HINT, code=Exit.USAGE
        )
    pairs = (pair.split("=", 1) for pair in found["params"].split(",")[1:])
    params: dict[str, Json] = {key.strip(): _value(value.strip()) for key, value in pairs}
    return {
        "type": found["type"],
        "duration_s": float(found["number"] or 0) * _UNITS[found["unit"] or ""],
        "params": params,
    }


def written(type_: str, duration_s: float, params: Mapping[str, Json]) -> str:
    """A step as it would be written there.

    >>> written("play", 120.0, {"toy": "ball"}), written("treat", 0.0, {})
    ('play:120,toy=ball', 'treat')
    """
    span = f":{duration_s:g}" if duration_s else ""
    pairs = ((key, value if isinstance(value, str) else json.dumps(value)) for key, value in params.items())
    return "".join((type_, span, *(f",{key}={value}" for key, value in pairs)))


def _value(text: str) -> Json:
    """A number, true, false, or else the text itself."""
    if text in {"true", "false"}:
        return text == "true"
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text) else text
