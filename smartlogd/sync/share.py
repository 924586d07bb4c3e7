"""Links to recordings are opened: the centre says what a token opens, the object store gives an address for a while.

A token is a word that whoever made the link was told once; the centre keeps the SHA-256 of its letters (UTF-8). Asking
uses the link up by one, also where nobody follows the address then.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import EventId
from smartlogd.sync.place import Place
from smartlogd.sync.s3 import Objects

if TYPE_CHECKING:
    from smartlogd.schema.migrate import DatabaseUrl
    from smartlogd.sync.timescale import TimescaleCentre

MOST_LETTERS = 256
_LONGEST_ANSWER = 16 * 1024
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SHARE = "SELECT api.share(%s)::text"


@dataclass(frozen=True, slots=True)
class Shared:
    """A recording that a link opened: whose it is, where its bytes are, and how often and until when it still opens."""

    recording: EventId
    device: str
    place: Place
    type: str
    bytes: int | None
    sha256: str | None
    expires: dt.datetime | None
    uses_left: int | None


async def opened(centre: TimescaleCentre, token: str) -> Shared:
    """What the token opens, asked of the centre by this device, and one use of it less.

    Missing where it opens nothing; CentreTrouble where the centre does not say.
    """
    return _found(await centre.share(_checked(token)))


def opened_by_administrator(url: DatabaseUrl, token: str) -> Shared:
    """The same, asked by whoever has DATABASE_URL."""
    from smartlogd.sync.administrator import one
    from smartlogd.sync.administrator import opened as connected

    word = _checked(token)
    with connected(url) as connection:
        return _found(one(connection, _SHARE, word))


async def link(objects: Objects, shared: Shared, span_s: int, now: dt.datetime) -> str:
    """An address at which anyone finds the recording for so long, and not longer than the link itself opens."""
    left_s = span_s if shared.expires is None else round((shared.expires - now).total_seconds())
    return await objects.link(shared.place, max(1, min(span_s, left_s)))


def shared_of(answer: object) -> Shared | None:
    """What the centre's answer says; None where the token opened nothing. UnusableInput for what is no such answer."""
    if answer is None:
        return None
    try:
        said: dict[str, Any] = json.loads(str(answer)[:_LONGEST_ANSWER])
        place = Place.of(str(said["uri"]))
        if place is None:
            raise ValueError("it names no place")
        return Shared(
            EventId(UUID(said["recording"])),
            str(said["device"]),
            place,
            str(said["type"]),
            _number(said["bytes"]),
            None if said["sha256"] is None else str(said["sha256"]),
            None if said["expires"] is None else _EPOCH + dt.timedelta(microseconds=int(said["expires"])),
            _number(said["uses_left"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise UnusableInput("The centre's answer about the link cannot be understood.") from error


def _number(said: object) -> int | None:
    return None if said is None else int(str(said))


def _found(answer: object) -> Shared:
    shared = shared_of(answer)
    if shared is None:
        raise Missing("This link opens nothing.", "It may be over, used up, or taken back; ask for another one.")
    return shared


def _checked(token: str) -> str:
    """The token without what stands around it when it is copied."""
    word = token.strip()
    if not 0 < len(word) <= MOST_LETTERS or not word.isprintable():
        raise UnusableInput("This is no token of a link.", "Take it whole, as `smartlogd share create` printed it.")
    return word
