"""Links that open a recording: for some time, some times. Plain SQL.

A link is a token of 32 random bytes, told once to whoever made it. Here and at the centre stands its SHA-256, from
which nobody finds the token again; that of what is brought is compared in constant time. A token names nothing: neither
the recording, nor the device, nor anyone. One link at a time opens a recording; another one takes its place.
"""

from __future__ import annotations

import hashlib
import secrets
from hmac import compare_digest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.schema.instants import instant_of
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.recordings import INSTANTS, Meant, by_id, copies, meant
from smartlogd.store.requests import OfRecording, OpenLink, Share

TOKEN_BYTES = 32

_SET = (
    "UPDATE {table} SET share_token_hash = :hash, share_expires_at = :until, share_uses_left = :uses"
    " WHERE event_id = :id"
)
_IS_OPEN = "SELECT share_token_hash IS NOT NULL AND share_expires_at > ? FROM {table} WHERE event_id = ?"
_LINKS = " UNION ALL ".join(
    f"SELECT share_token_hash, event_id, share_expires_at, share_uses_left FROM {table}"  # noqa: S608 - ours
    " WHERE share_token_hash IS NOT NULL"
    for table in INSTANTS
)
_USE = "UPDATE {table} SET share_uses_left = share_uses_left - 1 WHERE event_id = ? RETURNING share_uses_left"


def new_token() -> str:
    """A token that nobody guesses: 32 random bytes, written so that they stand in an address as they are.

    None begins with a dash: on a command line it would be taken for an option.
    """
    while (token := secrets.token_urlsafe(TOKEN_BYTES)).startswith("-"):
        pass
    return token


def token_sha256(token: str) -> str:
    """What is kept of a token.

    >>> token_sha256("any")[:16]
    'd6a7cd2a7371b1a1'
    """
    return hashlib.sha256(token.encode()).hexdigest()


def share(asked: Share, work: Work) -> Outcome:
    """The change of that name: the link opens this recording from now on, and one that did so before does not."""
    found = meant(work.connection, asked.recording)
    if found.phase == "lost":
        raise UnusableInput(f"The recording {found.id} is lost: there is nothing to open.")
    until_us = work.at_us + round(1_000_000 * asked.expires_s)
    replaced = _has_link(work, found)
    row = {"id": found.id, "hash": asked.token_sha256, "until": until_us, "uses": asked.uses}
    work.connection.execute(_SET.format(table=found.table), row)
    return Outcome(
        {
            "recording": found.id,
            "expires_at": instant_of(until_us).isoformat(),
            "uses": asked.uses,
            "replaced": replaced,
            "phase": found.phase,
        }
    )


def revoke(asked: OfRecording, work: Work) -> Outcome:
    """The change of that name: no link opens this recording any more, nor a copy of it that was made for one."""
    found = meant(work.connection, asked.recording)
    closed = [one for one in (found, *copies(work.connection, found.id)) if _has_hash(work, one)]
    for one in closed:
        row = {"id": one.id, "hash": None, "until": None, "uses": None}
        work.connection.execute(_SET.format(table=one.table), row)
    return Outcome({"recording": found.id, "changed": bool(closed)})


def open_link(asked: OpenLink, work: Work) -> Outcome:
    """The change of that name: where the recording lies on this device; one use of the link is used up.

    Missing, always in the same words, where the link opens nothing: it never did, is over, is used up, was taken back.
    """
    found = _opened(work, asked.token_sha256)
    if found is None:
        raise Missing("This link opens nothing.", "It may be over, used up, or taken back; ask for another one.")
    if found.path is None or found.phase not in {"kept", "uploaded"}:
        raise Missing("What this link opens is not on this device.", "It may be in the object store, or not made yet.")
    (left,) = work.connection.execute(_USE.format(table=found.table), (found.id,)).fetchone()
    return Outcome({"recording": found.id, "path": str(work.folder / found.path), "uses_left": left})


def _opened(work: Work, brought: str) -> Meant | None:
    """What the link opens now. Every link is compared, and each in the same time."""
    matching = [row for row in work.connection.execute(_LINKS) if compare_digest(row[0], brought)]
    for _, id_, until_us, uses_left in matching:
        if until_us is not None and until_us > work.at_us and (uses_left is None or uses_left > 0):
            return by_id(work.connection, id_)
    return None


def _has_link(work: Work, one: Meant) -> bool:
    """Whether a link opens it still."""
    return bool(work.connection.execute(_IS_OPEN.format(table=one.table), (work.at_us, one.id)).fetchone()[0])


def _has_hash(work: Work, one: Meant) -> bool:
    """Whether a link opens it, or did until it was over."""
    return bool(work.connection.execute(_IS_OPEN.format(table=one.table), (0, one.id)).fetchone()[0])
