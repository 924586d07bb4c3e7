"""Every change of people, recordings, routines and what waits by its name: what may be asked, and what is done then.

The running daemon and the command line without one go the same way: `understood`, `applied` in a transaction, and
`settled` once that is committed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from smartlogd.base.errors import UnusableInput
from smartlogd.store import (
    copies,
    discard,
    forget,
    persons,
    reconcile,
    requests,
    routines,
    sending,
    share,
    strangers,
)
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Outcome, Work

ERASING = frozenset({"people-merge", "forget", "purge"})
"""After these nothing of what was deleted may stay in the -wal file."""

Apply = Callable[[Any, Work], Outcome]

CHANGES: Mapping[str, tuple[type[requests.Request], Apply]] = {
    "enrol": (requests.Enrol, persons.enrol),
    "rename": (requests.Rename, persons.rename),
    "people-merge": (requests.MergePeople, persons.merge),
    "forget": (requests.Forget, forget.forget),
    "assign": (requests.Assign, strangers.assign),
    "unassign": (requests.Unassign, strangers.unassign),
    "ignore": (requests.Ignore, strangers.ignore),
    "unignore": (requests.Unignore, strangers.unignore),
    "merge": (requests.MergeStrangers, strangers.merge),
    "unmerge": (requests.Unmerge, strangers.unmerge),
    "purge": (requests.Purge, strangers.purge),
    "backfill": (requests.Plainly, sending.enqueue),
    "dead-retry": (requests.Retry, sending.send_again),
    "sync-pause": (requests.Plainly, sending.pause),
    "sync-resume": (requests.Plainly, sending.resume),
    "share": (requests.Share, share.share),
    "share-open": (requests.OpenLink, share.open_link),
    "share-revoke": (requests.OfRecording, share.revoke),
    "recording-delete": (requests.OfRecording, discard.delete),
    "recording-repair": (requests.Plainly, reconcile.repair),
    "copy": (requests.Copy, copies.copy),
    "copy-placed": (requests.Placed, copies.placed),
    "copy-dropped": (requests.OfRecording, copies.dropped),
    "routine-add": (routines.Add, routines.add),
    "routine-enable": (routines.Which, routines.enable),
    "routine-disable": (routines.Which, routines.disable),
    "routine-remove": (routines.Which, routines.remove),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change that can be meant: its name, and what is asked."""

    what: str
    asked: requests.Request

    @property
    def erases(self) -> bool:
        """Whether what it deletes must be gone from the -wal file too."""
        return self.what in ERASING


def understood(what: str, arguments: Mapping[str, object]) -> Change:
    """The change that is meant; UnusableInput, in one sentence, where it is unknown or its arguments do not fit."""
    if what not in CHANGES:
        raise UnusableInput(f"There is no change called {what!r:.40}.", f"Known: {', '.join(CHANGES)}.")
    model, _ = CHANGES[what]
    try:
        return Change(what, model.model_validate_json(json.dumps(arguments), strict=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise UnusableInput(_complaint(what, tuple(first["loc"]), str(first["type"]), str(first["msg"]))) from error


def _complaint(what: str, where: tuple[str | int, ...], kind: str, message: str) -> str:
    """What does not fit, without the value: it may be a face."""
    key = ".".join(map(str, where))
    if kind == "extra_forbidden":
        return f"{what} knows no {key}."
    if kind == "missing":
        return f"{what} needs {key}, which is missing."
    if kind == "json_invalid":
        return f"What was given to {what} is no readable text."
    plain = message.partition(", ")[2] if kind == "value_error" else f"{message[:1].lower()}{message[1:]}"
    return f"{key} does not fit: {plain}."


def applied(change: Change, work: Work) -> Outcome:
    """Do it, within the open transaction; what cannot be done raises, and then nothing of it must be committed."""
    _, apply = CHANGES[change.what]
    return apply(change.asked, work)


def settled(outcome: Outcome, keys: Keys) -> Mapping[str, object]:
    """After the commit: remove the keys that open nothing any more; what to tell."""
    for owner in outcome.stale_keys:
        keys.destroy(owner)
    return outcome.told
