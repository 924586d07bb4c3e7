"""What whoever did a step of a routine says of it: input from outside, measured and looked at word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard

from smartlogd.base.known import Json
from smartlogd.telemetry.plain import LONGEST_SENTENCE, sentence
from smartlogd.telemetry.request import Unmeant, parsed

LONGEST_BYTES = 1024
"""Bytes of a payload that are looked at."""
Result = Literal["done", "failed"]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KNOWN = frozenset({"id", "result", "detail"})


@dataclass(frozen=True, slots=True)
class Deed:
    """One step as it was done: `id` is that of the step, `detail` a sentence for people, on one line."""

    id: str
    result: Result
    detail: str = ""

    def told(self) -> Mapping[str, Json]:
        """As a routine is told of it."""
        return {"result": self.result, **({"detail": self.detail} if self.detail else {})}


def deed(payload: bytes, *, is_retained: bool) -> Deed:
    """What was done; Unmeant, with the sentence why, for a message that does not say it.

    >>> deed(b'{"id": "019a0000-0000-7000-8000-000000000000", "result": "done"}', is_retained=False).result
    'done'
    """
    if is_retained:
        raise Unmeant("A retained message says nothing of a step: it is older than whoever reads it knows.")
    if len(payload) > LONGEST_BYTES:
        raise Unmeant(f"The message has {len(payload)} bytes; {LONGEST_BYTES} are the most.")
    said = parsed(payload, 'with "id" and "result"')
    if not said.keys() <= _KNOWN:
        raise Unmeant(f"The message may hold nothing but {', '.join(sorted(_KNOWN))}.")
    step, result, detail = said.get("id"), said.get("result"), said.get("detail", "")
    if not isinstance(step, str) or not _ID.fullmatch(step):
        raise Unmeant('"id" must be that of the step.')
    if not _is_result(result):
        raise Unmeant('"result" must be done or failed.')
    if not isinstance(detail, str) or len(detail) > LONGEST_SENTENCE:
        raise Unmeant(f'"detail" must be a text of at most {LONGEST_SENTENCE} letters.')
    return Deed(step, result, sentence(detail))


def _is_result(word: object) -> TypeGuard[Result]:
    return isinstance(word, str) and word in {"done", "failed"}
