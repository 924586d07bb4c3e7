"""How the sync fares, in lines for a person; the fields are those of the daemon, or of a database at rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartlogd.store.sending import Standing

_WORDS = {
    "ok": "well",
    "sending": "sending what waits",
    "paused": "paused; go on with: smartlogd sync resume",
    "away": "the centre is away",
    "refused": "the centre refuses this device",
    "held": "the centre is of another version",
    "rejected": "the centre chokes on what was sent",
    "disk": "this device's own database is in trouble",
    "trouble": "news cannot be taken in",
    "off": "no centre joined",
    "at rest": "no smartlogd is running",
}
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def at_rest(standing: Standing, now: dt.datetime, *, has_centre: bool) -> Mapping[str, object]:
    """The state as the daemon would say it, as far as a database alone can tell."""
    waiting = standing.waiting
    word = "paused" if standing.is_paused else "at rest"
    return {
        "word": word if has_centre else "off",
        "detail": "",
        "connected": False,
        "paused": standing.is_paused,
        "waiting": waiting.rows,
        "oldest_age_s": None if waiting.oldest is None else round((now - waiting.oldest).total_seconds(), 1),
        "dead": waiting.dead,
    }


def lines(state: Mapping[str, object]) -> str:
    """The state as a person reads it; what is not known is left out.

    >>> print(lines({"word": "away", "detail": "It cannot be reached.", "waiting": 7, "oldest_age_s": 90.0, "dead": 0}))
    sync     the centre is away
    trouble  It cannot be reached.
    waiting  7 rows, the oldest 1.5 min old
    dead     0
    """
    word = str(state.get("word"))
    rows = [("sync", _WORDS.get(word, word))]
    if state.get("detail"):
        rows.append(("trouble", _trouble(state)))
    if "waiting" in state:
        rows.append(("waiting", _waiting(state)))
    if state.get("held"):
        rows.append(("held", f"{state['held']} rows, for a centre of a later version"))
    if "rate" in state:
        rows.append(("sent", _sent(state)))
        rows.append(("verdict", f"last {_at(state.get('last_verdict'))}"))
        rows.append(("news", f"last {_at(state.get('last_pull'))}, {state.get('taken')} rows taken"))
    if "dead" in state:
        rows.append(("dead", f"{state['dead']}" + (": smartlogd sync dead list" if state["dead"] else "")))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def _trouble(state: Mapping[str, object]) -> str:
    next_s = state.get("next_try_s")
    return f"{state['detail']}" + (f" Next try in {age(float(str(next_s)))}." if next_s else "")


def _waiting(state: Mapping[str, object]) -> str:
    oldest, for_clock = state.get("oldest_age_s"), state.get("waiting_for_clock")
    said = f"{state['waiting']} rows"
    if oldest is not None:
        said += f", the oldest {age(float(str(oldest)))} old"
    return said + (f", {for_clock} for a clock that can be trusted" if for_clock else "")


def _sent(state: Mapping[str, object]) -> str:
    said = f"{state.get('sent')} rows since the start, {state.get('rate')} a second over the last minute"
    return said + (f", {state['duplicate']} were there already" if state.get("duplicate") else "")


def _at(text: object) -> str:
    """An instant of the daemon in local time."""
    if not isinstance(text, str):
        return "never since the start"
    return dt.datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(span_s: float) -> str:
    """A span as a person says it.

    >>> age(7), age(90), age(5400), age(200_000)
    ('7 s', '1.5 min', '1.5 h', '2.3 d')
    """
    return next((f"{span_s / unit_s:.1f} {unit}" for unit_s, unit in _UNITS if span_s >= unit_s), f"{span_s:.0f} s")
