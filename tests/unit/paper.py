"""An enrolment as an administrator would hand it out, at a centre that nobody is."""

from __future__ import annotations

import base64
import json

from smartlogd.store import fleet

SECRET = "a-word-that-is-long-enough"


def enrolment(port: int = 1, **other: object) -> str:
    wrapped = fleet.fleet_wrapped(fleet.fleet_key(), SECRET, "yard")
    return json.dumps({
        "smartlogd": 1, "device": "yard", "url": f"postgresql://127.0.0.1:{port}/smartlog?sslmode=verify-full",
        "login": "smartlogd_yard", "secret": SECRET, "fleet_key": base64.b64encode(wrapped).decode(), **other,
    })  # fmt: skip
