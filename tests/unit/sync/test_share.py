"""Links to recordings are opened."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from smartlogd.base.errors import Missing, UnusableInput
from smartlogd.sync.place import Place
from smartlogd.sync.share import Shared, link, opened, shared_of

ID = "019a4c1e-0000-7000-8000-000000000001"
ANSWER = {
    "recording": ID, "device": "door", "uri": f"s3://clips/smartlog/{ID}.mp4", "bucket": "clips",
    "key": f"smartlog/{ID}.mp4", "type": "video/mp4", "bytes": 9, "sha256": "a" * 64, "expires": 1_000_000,
    "uses_left": 4,
}  # fmt: skip


class ThinCentre:
    """A centre that knows one token."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def share(self, token: str) -> object:
        self.asked.append(token)
        return json.dumps(ANSWER) if token == "the-token-of-someone" else None


class ThinObjects:
    """An object store that makes links."""

    async def link(self, place: Place, span_s: int) -> str:
        return f"{place} for {span_s} s"


async def test_a_token_opens_what_the_centre_says() -> None:
    centre: Any = ThinCentre()
    shared = await opened(centre, "  the-token-of-someone\n")
    assert (str(shared.place), shared.device, shared.uses_left) == (ANSWER["uri"], "door", 4)
    assert shared.expires == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    with pytest.raises(Missing, match="opens nothing"):
        await opened(centre, "another")


@pytest.mark.parametrize("token", ["", "  ", "x" * 300, "a\x00b"])
async def test_what_is_no_token_is_not_asked_for(token: str) -> None:
    centre: Any = ThinCentre()
    with pytest.raises(UnusableInput, match="no token"):
        await opened(centre, token)
    assert centre.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        "[]",
        "7",
        "no json",
        "{}",
        *(json.dumps(ANSWER | {name: "?"}) for name in ("recording", "uri", "expires", "bytes")),
    ],
)
def test_an_answer_that_cannot_be_understood_is_told(wrong: str) -> None:
    with pytest.raises(UnusableInput, match="cannot be understood"):
        shared_of(wrong)


async def test_an_address_lasts_no_longer_than_the_link() -> None:
    objects: Any = ThinObjects()
    now = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    made = shared_of(json.dumps(ANSWER | {"expires": 60_000_000, "uses_left": None, "bytes": None, "sha256": None}))
    assert isinstance(made, Shared)
    assert (await link(objects, made, 900, now)).endswith("for 60 s")
    assert (await link(objects, made, 30, now)).endswith("for 30 s")
    assert (await link(objects, made, 30, now + dt.timedelta(hours=1))).endswith("for 1 s")
    lasting = shared_of(json.dumps(ANSWER | {"expires": None}))
    assert lasting is not None
    assert (await link(objects, lasting, 900, now)).endswith("for 900 s")
