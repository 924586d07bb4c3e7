"""Where a recording is in the object store."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from smartlogd.base.known import EventId, Kept
from smartlogd.sync.place import Place, folder_of, key_of, preview_key_of, recording_of, type_of

ID = EventId(UUID("019a4c1e-0000-7000-8000-000000000001"))


def kept(**more: object) -> Kept:
    at = dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    return Kept(**({"id": ID, "start": at, "path": "clips/a.MP4", "bytes": 1, "sha256": "a" * 64} | more))  # type: ignore[arg-type]


def test_a_key_names_device_day_and_event_and_nobody() -> None:
    folder = folder_of("smartlog", "door")
    assert key_of(folder, kept()) == f"smartlog/door/2026/11/22/{ID}.mp4", "the day is that of UTC"
    assert preview_key_of(folder, kept()) is None
    assert preview_key_of(folder, kept(preview="clips/a.jpg")) == f"smartlog/door/2026/11/22/{ID}.preview.jpg"
    for key in (key_of(folder, kept()), preview_key_of(folder, kept(preview="x/y.png"))):
        assert recording_of(key or "") == ID


@pytest.mark.parametrize(
    "key", ["", "a", "smartlog/door/2026/x.mp4", f"a/{str(ID).upper()}.mp4", f"{ID}x.mp4", f"x{ID}"]
)
def test_what_is_none_of_ours_is_nobodys_recording(key: str) -> None:
    assert recording_of(key) is None


@pytest.mark.parametrize(
    "uri", ["", "s3://", "s3://b", "s3://b/", "http://b/k", "s3://b/k\n", "s3:///k", "s3://b/" + "k" * 1025]
)
def test_what_is_no_uri_names_no_place(uri: str) -> None:
    assert Place.of(uri) is None


def test_a_place_and_its_uri_are_the_same() -> None:
    place = Place("clips", f"smartlog/door/{ID}.mp4")
    assert Place.of(str(place)) == place
    assert place.stem == f"smartlog/door/{ID}."
    assert Place("clips", "bare").stem == "bare."


@pytest.mark.parametrize(
    ("key", "type_"), [("a.MP4", "video/mp4"), ("a.png", "image/png"), ("a/.b/c", "application/octet-stream")]
)
def test_the_media_type_is_told_by_the_suffix(key: str, type_: str) -> None:
    assert type_of(key) == type_
