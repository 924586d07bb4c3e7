"""How one part of the daemon fares, in a person's words; a dash where it does not say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from smartlogd.cli.changed import local

_WAYS = {"I": "in", "O": "out"}
_MIB, _GIB = 1024**2, 1024**3


def faces(recognition: Mapping[str, object]) -> str:
    """How recognition fares.

    >>> faces({"word": "off", "detail": "The model is missing."})
    'not recognised. The model is missing.'
    """
    if recognition.get("word") != "on":
        return f"not recognised. {recognition.get('detail') or ''}".rstrip()
    return f"{said(recognition, 'templates')} remembered, {said(recognition, 'looks')} looked at"


def centre(sync: Mapping[str, object]) -> str:
    """How sending to the centre fares.

    >>> centre({"word": "off", "detail": ""})
    'none joined'
    >>> centre({"word": "away", "detail": "It does not answer.", "waiting": 7, "oldest_age_s": 7300.0, "dead": 0})
    'away, 7 waiting, the oldest 2 h 1 min. It does not answer.'
    """
    if sync.get("word") == "off":
        return "none joined"
    parts = [said(sync, "word")]
    if "waiting" in sync:
        parts.append(f"{sync['waiting']} waiting")
    if sync.get("waiting") and isinstance(sync.get("oldest_age_s"), (int, float)):
        parts.append(f"the oldest {span(sync['oldest_age_s'])}")
    if sync.get("dead"):
        parts.append(f"{sync['dead']} refused: smartlogd sync dead list")
    return _detailed(", ".join(parts), sync)


def broker(mqtt: Mapping[str, object]) -> str:
    """How telling the broker fares.

    >>> broker({"word": "off", "detail": ""})
    'no broker named'
    >>> broker({"word": "online", "host": "hub.local", "told": 12}), broker({"word": "away", "detail": "No answer."})
    ('online at hub.local, 12 told', 'away. No answer.')
    """
    if mqtt.get("word", "off") == "off":
        return "no broker named"
    host = f" at {mqtt['host']}" if mqtt.get("host") else ""
    told = f", {mqtt['told']} told" if "told" in mqtt else ""
    return _detailed(f"{said(mqtt, 'word')}{host}{told}", mqtt)


def disk(health: Mapping[str, object]) -> str:
    """How full the disk is, and how much is written in a day.

    >>> disk({"disk_free_bytes": 12 * 1024**3, "disk_total_bytes": 28 * 1024**3, "written_bytes_day": 43_000_000})
    '12.0 of 28.0 GiB free, 41 MiB written a day'
    >>> disk({})
    ''
    """
    free, total, written = (number(health, f"{key}_bytes") for key in ("disk_free", "disk_total", "written"))
    a_day = number(health, "written_bytes_day")
    of = "" if total is None else f" of {total / _GIB:.1f}"
    parts = [] if free is None else [f"{free / _GIB:.1f}{of} GiB free"]
    if a_day is not None:
        parts.append(f"{a_day / _MIB:.0f} MiB written a day")
    elif written is not None:
        parts.append(f"{written / _MIB:.0f} MiB written since the start")
    return ", ".join(parts)


def machine(health: Mapping[str, object]) -> str:
    """How warm it is, how much memory is used, and what it does to protect itself.

    >>> machine({"temperature_c": 48.24, "memory_bytes": 188_000_000, "throttled": ["under-voltage"]})
    '48.2 °C, 179 MiB of memory, under-voltage'
    """
    celsius, memory, throttled = (
        number(health, "temperature_c"),
        number(health, "memory_bytes"),
        health.get("throttled"),
    )
    parts = [] if celsius is None else [f"{celsius:.1f} °C"]
    if memory is not None:
        parts.append(f"{memory / _MIB:.0f} MiB of memory")
    if isinstance(throttled, (list, tuple)):
        parts += [str(flag) for flag in throttled]
    return ", ".join(parts)


def happening(event: Mapping[str, object], *, is_clock_set: bool = True) -> str:
    """One event, in local time: `2026-11-22 06:01:12  door: in  Ada`.

    That its time is a guess is said of each only where that of others is not.
    """
    what = str(event.get("type") or "-").replace("_", " ")
    if event.get("type") == "crossing":
        what = f"{event.get('line') or '-'}: {_WAYS.get(str(event.get('action')), '-')}"
    doubt = "(the clock was not set)" if is_clock_set and not event.get("trusted", True) else ""
    return "  ".join(part for part in (_at(event.get("time")), what, str(event.get("person") or ""), doubt) if part)


def span(seconds: object) -> str:
    """A span as a person says it.

    >>> span(42.4), span(3725), span(200_000)
    ('42 s', '1 h 2 min', '2 d 7 h')
    """
    try:
        whole = int(seconds) if isinstance(seconds, (int, float)) else 0
    except (ValueError, OverflowError):  # no number, or no end
        whole = 0
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def _detailed(words: str, of: Mapping[str, object]) -> str:
    return f"{words}. {of['detail']}" if of.get("detail") else words


def _at(text: object) -> str:
    try:
        return local(dt.datetime.fromisoformat(str(text)))
    except ValueError:
        return "-"


def number(of: Mapping[str, object], key: str) -> float | None:
    """The number there; None where there is none."""
    found = of.get(key)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def said(state: Mapping[str, object], key: str) -> str:
    """What it says there; a dash where it says nothing."""
    found = state.get(key)
    return "-" if found is None else str(found)


def printable(text: str) -> str:
    """The text without what a terminal obeys; a name may hold such a thing.

    >>> printable("Ada" + chr(27) + "[2J")
    'Ada?[2J'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)
