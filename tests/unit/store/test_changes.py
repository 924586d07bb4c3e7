"""Every change by its name, and what is refused before anything is touched."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from smartlogd.base.errors import UnusableInput
from smartlogd.store.changes import CHANGES, Change, settled, understood
from smartlogd.store.outcome import Outcome
from smartlogd.store.requests import MOST_TEMPLATES, Request

Village = Any
FACE = {"vector": base64.b64encode(bytes(512)).decode(), "quality": 0.5}

SENSIBLE: Mapping[str, Mapping[str, object]] = {
    "enrol": {"name": "Anna", "consent": True, "model": "m", "templates": [FACE]},
    "rename": {"name": "Ana", "to": "Anna"},
    "people-merge": {"name": "Anna", "other": "Anna K."},
    "forget": {"name": "Anna"},
    "assign": {"uuid": "cafe", "name": "Anna"},
    "unassign": {"uuid": "CAFE"},
    "ignore": {"uuid": "0198f3a2-0000-7000-8000-000000000000"},
    "unignore": {"uuid": "cafe-"},
    "merge": {"uuid": "cafe", "other": "babe"},
    "unmerge": {"uuid": "cafe"},
    "purge": {"older_than_s": 86400},
    "backfill": {},
    "dead-retry": {"seqs": [3, 7]},
    "sync-pause": {},
    "sync-resume": {},
    "share": {"recording": "cafe", "token_sha256": "0f" * 32, "expires_s": 86400, "uses": 5},
    "share-open": {"token_sha256": "0f" * 32},
    "share-revoke": {"recording": "cafe"},
    "recording-delete": {"recording": "0198f3a2-0000-7000-8000-000000000000"},
    "recording-repair": {},
    "copy": {"recording": "cafe", "suffix": ".mp4"},
    "copy-placed": {"recording": "0198f3a2-0000-7000-8000-000000000000", "bytes": 1, "sha256": "0f" * 32},
    "copy-dropped": {"recording": "cafe"},
    "routine-add": {"device": "yard", "name": "n", "cron": "0 8 * * *", "steps": [{"type": "pet"}]},
    "routine-enable": {"device": "yard", "name": "n"},
    "routine-disable": {"device": "yard", "name": "n"},
    "routine-remove": {"device": "yard", "name": "0198f3a2-0000-7000-8000-000000000000"},
}


def test_every_change_is_understood_when_it_is_asked_well() -> None:
    assert set(SENSIBLE) == set(CHANGES)
    for what, arguments in SENSIBLE.items():
        change = understood(what, arguments)
        assert change.what == what
        assert isinstance(change.asked, CHANGES[what][0])
    assert {what for what in CHANGES if Change(what, Request()).erases} == {"forget", "people-merge", "purge"}


NONSENSE: list[tuple[str, Mapping[str, object], str]] = [
    ("dance", {}, "There is no change called 'dance'"),
    ("__class__", {}, "no change called"),
    ("x" * 10_000, {}, "no change called 'xxxx"),
    ("share", {"recording": "cafe", "token_sha256": "0f" * 32, "expires_s": 0}, "expires_s does not fit"),
    ("share", {"recording": "cafe", "token_sha256": "0f" * 32, "expires_s": 60, "uses": 0}, "uses does not fit"),
    ("share", {"recording": "cafe", "token_sha256": "a token", "expires_s": 60}, "token_sha256 does not fit"),
    ("share-open", {"token_sha256": "0F" * 32}, "token_sha256 does not fit"),
    ("recording-delete", {"recording": "*"}, "recording does not fit"),
    ("copy", {"recording": "cafe", "suffix": "/../x"}, "suffix does not fit"),
    ("copy-placed", {"recording": "../../cafe", "bytes": 1, "sha256": "0f" * 32}, "recording does not fit"),
    ("forget", {}, "forget needs name, which is missing"),
    ("forget", {"name": "Anna", "all": True}, "forget knows no all"),
    ("forget", {"name": 7}, "name does not fit: input should be a valid string"),
    ("forget", {"name": ["Anna"]}, "name does not fit"),
    ("forget", {"name": None}, "name does not fit"),
    ("forget", {"name": ""}, "name does not fit: string should have at least 1 character"),
    ("forget", {"name": "x" * 201}, "at most 200 characters"),
    ("forget", {"name": "An\u200bna"}, "name does not fit: a name has no invisible signs (U+200B)"),
    ("rename", {"name": "Anna", "to": "\u202eannA"}, "to does not fit: a name has no invisible signs"),
    ("rename", {"name": "Anna", "to": "0198f3a2-0000-7000-8000-000000000000"}, "not written as a uuid"),
    ("rename", {"name": "Anna", "to": "\ud800"}, "no readable text"),
    ("assign", {"uuid": "caf", "name": "Anna"}, "uuid does not fit"),
    ("assign", {"uuid": "%%%%", "name": "Anna"}, "uuid does not fit"),
    ("assign", {"uuid": "caf_", "name": "Anna"}, "uuid does not fit"),
    ("assign", {"uuid": "cafe\n", "name": "Anna"}, "uuid does not fit"),
    ("assign", {"uuid": "a" * 37, "name": "Anna"}, "uuid does not fit"),
    ("assign", {"uuid": "cafe", "name": "Anna", "consent": "yes"}, "consent does not fit"),
    ("assign", {"uuid": "cafe", "name": "Anna", "consent": 1}, "consent does not fit"),
    ("purge", {"older_than_s": -1}, "older_than_s does not fit"),
    ("purge", {"older_than_s": float("nan")}, "older_than_s"),
    ("purge", {"older_than_s": float("inf")}, "older_than_s"),
    ("purge", {"older_than_s": 1e300}, "older_than_s does not fit"),
    ("purge", {"older_than_s": "30d"}, "older_than_s does not fit"),
    ("dead-retry", {"seqs": [-1]}, "does not fit"),
    ("dead-retry", {"seqs": []}, "seqs does not fit"),
    ("dead-retry", {"seqs": list(range(2001))}, "seqs does not fit"),
    ("backfill", {"most": 5}, "knows no most"),
    ("enrol", {"name": "Anna", "role": "king"}, "role does not fit"),
    ("enrol", {"name": "Anna", "email": "anna"}, "an address is written as"),
    ("enrol", {"name": "Anna", "model": "m\n"}, "model does not fit"),
    ("enrol", {"name": "Anna", "model": "m" * 65}, "model does not fit"),
    ("enrol", {"name": "Anna", "templates": [FACE] * (MOST_TEMPLATES + 1)}, "templates does not fit"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "vector": "AAAA"}]}, "templates.0.vector does not fit"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "vector": "!" * 684}]}, "templates.0.vector does not fit"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "quality": 1.5}]}, "templates.0.quality does not fit"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "quality": float("nan")}]}, "templates.0.quality"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "source": "hearsay"}]}, "templates.0.source does not fit"),
    ("enrol", {"name": "Anna", "templates": [{**FACE, "id": "x"}]}, "enrol knows no templates.0.id"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "arguments", "sentence"), NONSENSE, ids=lambda given: repr(given)[:40])
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    what: str, arguments: Mapping[str, object], sentence: str
) -> None:
    with pytest.raises(UnusableInput) as caught:
        understood(what, arguments)
    assert sentence in caught.value.what
    assert caught.value.what.endswith(".")
    assert len(caught.value.what) < 200


def test_a_refusal_never_repeats_a_face() -> None:
    secret = "Zm9v" * 170
    with pytest.raises(UnusableInput) as caught:
        understood("enrol", {"name": "Anna", "templates": [{**FACE, "vector": secret}]})
    assert "Zm9v" not in str(caught.value)


def test_keys_that_open_nothing_any_more_go_after_the_commit(village: Village) -> None:
    owner = UUID(int=5)
    village.keys.seal(owner, b"plain", b"about")
    assert settled(Outcome({"a": 1}, stale_keys=(owner,)), village.keys) == {"a": 1}
    assert owner not in village.keys.owners()
