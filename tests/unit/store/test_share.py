"""A link opens a recording for some time, some times, and names nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from reels import shelved, wanted

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.base.known import Medium, Recording
from smartlogd.base.time import Stamp
from smartlogd.store.birth import arrive
from smartlogd.store.keys import Keys
from smartlogd.store.outcome import Outcome, Work
from smartlogd.store.requests import OfRecording, OpenLink, Share
from smartlogd.store.rows import Origin
from smartlogd.store.share import new_token, open_link, revoke, share, token_sha256

Linked = Callable[..., str]


@pytest.fixture
def here(database: sqlite3.Connection, at: Stamp) -> Origin:
    return arrive(database, device="door", version="0", boot=UUID(int=1), start=at)


@pytest.fixture
def clip(database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp) -> Recording:
    clip = wanted(at)
    shelved(database, here, folder, clip)
    return clip


@pytest.fixture
def works(database: sqlite3.Connection, folder: Path, at: Stamp) -> Callable[[float], Work]:
    """Work at so many seconds after."""
    return lambda later_s=0.0: Work(database, Keys.open(folder), folder, at.shifted(later_s))


def linked(work: Work, recording: Recording, *, expires_s: float = 60, uses: int | None = None) -> str:
    token = new_token()
    asked = Share(recording=str(recording.id), token_sha256=token_sha256(token), expires_s=expires_s, uses=uses)
    share(asked, work)
    return token


def opened(work: Work, token: str) -> Outcome:
    return open_link(OpenLink(token_sha256=token_sha256(token)), work)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
    assert not any(token.startswith("-") for token in tokens), "on a command line that is an option"


def test_only_the_hash_is_kept(
    database: sqlite3.Connection, folder: Path, clip: Recording, works: Callable[..., Work], at: Stamp
) -> None:
    token = linked(works(), clip, uses=5)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert token.encode() not in kept
    assert token_sha256(token).encode() in kept
    columns = "share_token_hash, share_expires_at - ?, share_uses_left"
    at_us = round(at.utc.timestamp() * 1e6)
    assert database.execute(f"SELECT {columns} FROM clips", (at_us,)).fetchall() == [
        (token_sha256(token), 60_000_000, 5)
    ]


def test_it_opens_so_often_and_then_no_more(folder: Path, clip: Recording, works: Callable[..., Work]) -> None:
    token = linked(works(), clip, uses=2)
    path = str(folder / f"clips/{clip.id}.mp4")
    assert opened(works(), token).told == {"recording": str(clip.id), "path": path, "uses_left": 1}
    assert opened(works(59.9), token).told["uses_left"] == 0
    with pytest.raises(Missing, match="opens nothing"):
        opened(works(59.9), token)


def test_without_a_number_it_opens_until_it_is_over(clip: Recording, works: Callable[..., Work]) -> None:
    token = linked(works(), clip)
    for _ in range(20):
        assert opened(works(59.9), token).told["uses_left"] is None
    with pytest.raises(Missing, match="opens nothing"):
        opened(works(60), token)


def test_what_was_never_made_is_told_in_the_same_words(clip: Recording, works: Callable[..., Work]) -> None:
    over = linked(works(), clip, expires_s=1)
    said = []
    for token in (over, new_token(), "", "x" * 5000):
        with pytest.raises(Missing) as caught:
            opened(works(10), token)
        said.append(str(caught.value))
    assert len(set(said)) == 1


def test_another_link_takes_the_place_of_the_first(clip: Recording, works: Callable[..., Work]) -> None:
    first = linked(works(), clip)
    asked = Share(recording=str(clip.id), token_sha256=token_sha256("second"), expires_s=60, uses=None)
    assert share(asked, works()).told["replaced"] is True
    with pytest.raises(Missing):
        opened(works(), first)
    assert opened(works(), "second").told["recording"] == str(clip.id)
    assert share(asked, works(61)).told["replaced"] is False, "the first was over by then"


def test_a_link_is_taken_back(clip: Recording, works: Callable[..., Work]) -> None:
    token = linked(works(), clip)
    assert revoke(OfRecording(recording=str(clip.id)), works()).told == {"recording": str(clip.id), "changed": True}
    with pytest.raises(Missing):
        opened(works(), token)
    assert revoke(OfRecording(recording=str(clip.id)), works()).told["changed"] is False


def test_each_link_opens_its_own(
    database: sqlite3.Connection, folder: Path, here: Origin, at: Stamp, works: Callable[..., Work]
) -> None:
    made: list[tuple[Recording, str]] = []
    for n in range(6):
        one = wanted(at.shifted(n), medium=Medium.SNAPSHOT if n % 2 else Medium.CLIP)
        shelved(database, here, folder, one)
        made.append((one, linked(works(), one)))
    for one, token in made:
        assert opened(works(), token).told["recording"] == str(one.id)


def test_what_is_not_here_is_said_only_to_who_has_the_link(
    database: sqlite3.Connection, clip: Recording, works: Callable[..., Work]
) -> None:
    token = linked(works(), clip, uses=3)
    database.execute("UPDATE clips SET phase = 'uploaded', path = NULL")
    with pytest.raises(Missing, match="not on this device"):
        opened(works(), token)
    assert database.execute("SELECT share_uses_left FROM clips").fetchone() == (3,)


def test_nothing_lost_is_shared(database: sqlite3.Connection, clip: Recording, works: Callable[..., Any]) -> None:
    database.execute("UPDATE clips SET phase = 'lost', path = NULL")
    with pytest.raises(UnusableInput, match="is lost"):
        linked(works(), clip)
