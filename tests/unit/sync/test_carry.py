"""One file on its way, with an object store in a dictionary."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from recordings import MIB, ThinMedia, ThinObjects

from smartlogd.base.errors import DiskTrouble
from smartlogd.base.known import Kept
from smartlogd.sync.bucket_trouble import ObjectsAway
from smartlogd.sync.carry import Cargo, Carrier, Damaged
from smartlogd.sync.place import Place

PLACE = Place("clips", "x.mp4")


@pytest.fixture
def media(tmp_path: Path) -> ThinMedia:
    return ThinMedia(tmp_path)


def cargo(media: ThinMedia, kept: Kept, **more: Any) -> Cargo:
    return Cargo(**({"file": media.path(kept), "bytes": kept.bytes, "sha256": kept.sha256, "place": PLACE} | more))


async def idle(_sent: int) -> None:
    """Nothing goes before."""


def carrier(objects: Any) -> Carrier:
    """One whose parts are of one MiB from the first."""
    made = Carrier(objects, 1)
    made._size = made._size.after_failure()
    return made


async def test_a_small_file_travels_whole_and_a_large_one_in_parts(media: ThinMedia) -> None:
    objects = ThinObjects()
    small, large = media.made(MIB), media.made(3 * MIB + 1)
    assert await carrier(objects).carry(cargo(media, small), idle) == MIB
    assert objects.calls == ["put"]
    asked: list[int] = []

    async def noted(sent: int) -> None:
        asked.append(sent)

    assert await carrier(objects).carry(cargo(media, large), noted) == 3 * MIB + 1
    assert objects.calls.count("part") == len(asked) == 4
    assert hashlib.sha256(objects.there[PLACE][0]).hexdigest() == large.sha256


async def test_what_broke_off_goes_on_with_the_parts_that_are_missing(media: ThinMedia) -> None:
    objects, kept = ThinObjects(), media.made(4 * MIB)
    way = carrier(objects)
    objects.breaks_at = 3
    with pytest.raises(ObjectsAway):
        await way.carry(cargo(media, kept), idle)
    assert way.begun == {PLACE}
    assert await way.carry(cargo(media, kept), idle) < 4 * MIB
    assert hashlib.sha256(objects.there[PLACE][0]).hexdigest() == kept.sha256
    assert (way.begun, objects.uploads) == (set(), {})


async def test_what_was_finished_and_never_heard_of_is_not_sent_again(media: ThinMedia) -> None:
    objects, kept = ThinObjects(), media.made(4 * MIB)
    objects.loses_answer = True
    with pytest.raises(ObjectsAway):
        await carrier(objects).carry(cargo(media, kept), idle)
    objects.calls.clear()
    assert await carrier(objects).carry(cargo(media, kept), idle) == 0
    assert objects.calls == ["stat"]


@pytest.mark.parametrize("size", [MIB, 4 * MIB])
@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"bytes": 7}])
async def test_a_file_that_is_another_leaves_nothing(media: ThinMedia, size: int, wrong: dict[str, Any]) -> None:
    objects, kept = ThinObjects(), media.made(size)
    with pytest.raises(Damaged):
        await carrier(objects).carry(cargo(media, kept, **wrong), idle)
    assert (objects.there, objects.uploads) == ({}, {})


async def test_a_file_that_went_while_it_was_read_is_damaged_and_one_that_cannot_be_read_is_the_disks_affair(
    media: ThinMedia,
) -> None:
    objects, kept = ThinObjects(), media.made(4 * MIB)

    async def unlink(sent: int) -> None:
        if sent:
            media.path(kept).unlink(missing_ok=True)

    with pytest.raises(Damaged, match="not there any more"):
        await carrier(objects).carry(cargo(media, kept), unlink)
    media.path(kept).mkdir()
    size = media.path(kept).stat().st_size
    with pytest.raises(DiskTrouble) as error:
        await carrier(objects).carry(cargo(media, kept, bytes=size), idle)
    assert not isinstance(error.value, Damaged)


async def test_a_file_that_became_shorter_is_damaged(media: ThinMedia) -> None:
    objects, kept = ThinObjects(), media.made(4 * MIB)

    async def cut(sent: int) -> None:
        if sent:
            media.path(kept).write_bytes(b"short")

    with pytest.raises(Damaged, match="shorter"):
        await carrier(objects).carry(cargo(media, kept), cut)
