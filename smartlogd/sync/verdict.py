"""What the centre answers, as plain values: a database's reply is input from outside, and is believed no further.

A number that was not sent is ignored; one that is answered in two ways has no verdict, and its row stays.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias, TypeGuard
from uuid import UUID

from smartlogd.base.wire import Page, Verdicts
from smartlogd.sync.trouble import CentreDiffers, shortened

LONGEST_ANSWER = 16 * 1024 * 1024
"""Characters of an answer that are looked at: a page of a thousand people with their faces has a fourth of it."""
MOST_ROWS = 2000
"""Rows of one page, whatever was asked for."""
_LONGEST_KEY = 4096
_BIGGEST = 2**63 - 1

Answer: TypeAlias = Mapping[str, object]


def verdicts_of(text: object) -> Verdicts:
    """What `api.ingest` said; CentreDiffers where it said nothing that can be understood.

    >>> verdicts_of('{"ok": [7, 9], "duplicate": [], "rejected": [[8, "no such action"]], "held": []}')
    Verdicts(ok=(7, 9), duplicate=(), rejected={8: 'no such action'}, held=())
    """
    answer = _answer(text)
    ok, duplicate, held = (_numbers(answer.get(word)) for word in ("ok", "duplicate", "held"))
    rejected = _reasons(answer.get("rejected"))
    said = Counter((*ok, *duplicate, *held, *rejected))
    return concerning(Verdicts(ok, duplicate, rejected, held), {seq for seq, times in said.items() if times == 1})


def concerning(verdicts: Verdicts, seqs: Collection[int]) -> Verdicts:
    """The verdicts on these rows only: what is said of others, which were not sent, is ignored.

    >>> concerning(Verdicts(ok=(1, 2)), {2})
    Verdicts(ok=(2,), duplicate=(), rejected={}, held=())
    """
    return Verdicts(
        ok=_only(verdicts.ok, seqs),
        duplicate=_only(verdicts.duplicate, seqs),
        rejected={seq: reason for seq, reason in verdicts.rejected.items() if seq in seqs},
        held=_only(verdicts.held, seqs),
    )


def page_of(text: object, cursor: int) -> Page:
    """What `api.pull` said after `cursor`; CentreDiffers where it cannot be understood.

    A page that leads no further is the last, whatever it says of itself: nobody should ask for ever.
    """
    answer = _answer(text)
    rows, reached, device = answer.get("rows"), answer.get("cursor"), answer.get("device")
    if not _is_count(reached) or not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise _nonsense("its page of news has no rows or no cursor")
    if reached < cursor:
        raise _nonsense("its news go backwards")
    return Page(
        centre=_uuid(answer.get("centre")),
        cursor=reached,
        rows=tuple(row for row in rows if isinstance(row, dict) and isinstance(row.get("kind"), str)),
        is_last=answer.get("last") is not False or reached == cursor,
        device=device if isinstance(device, dict) else {},
        fleet_key=_key(answer.get("fleet_key")),
    )


def _answer(text: object) -> Answer:
    """The JSON object that the answer is."""
    if not isinstance(text, str) or len(text) > LONGEST_ANSWER:
        raise _nonsense("it is no JSON of a size that can be meant")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise _nonsense("it is no JSON") from None
    if not isinstance(answer, dict):
        raise _nonsense("it is no JSON object")
    return answer


def _numbers(said: object) -> tuple[int, ...]:
    """The numbers in a list, each once."""
    if not isinstance(said, list):
        return ()
    return tuple(dict.fromkeys(seq for seq in said if _is_count(seq)))


def _reasons(said: object) -> dict[int, str]:
    """Which numbers were refused, and why."""
    pairs = (pair for pair in said if isinstance(pair, list) and len(pair) == 2) if isinstance(said, list) else ()
    return {seq: shortened(str(reason)) or "no reason given" for seq, reason in pairs if _is_count(seq)}


def _only(said: Iterable[int], seqs: Collection[int]) -> tuple[int, ...]:
    return tuple(seq for seq in said if seq in seqs)


def _is_count(value: object) -> TypeGuard[int]:
    """Whether it is a whole number of 63 bits; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _BIGGEST


def _uuid(value: object) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise _nonsense("it does not say which centre it is") from None


def _key(value: object) -> bytes | None:
    """The wrapped fleet key; None where there is none, or none that can be meant."""
    if not isinstance(value, str) or len(value) > _LONGEST_KEY:
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _nonsense(why: str) -> CentreDiffers:
    what = f"The centre's answer cannot be understood: {why}."
    return CentreDiffers(what, "Is it a centre of smartlogd, and of this version? smartlogd central status tells.")
