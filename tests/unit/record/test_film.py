from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from filmed import coded, raw

from smartlogd.base.seen import Frame
from smartlogd.record.film import Film
from smartlogd.record.options import RecordOptions

OPTIONS = RecordOptions(encoder="libx264", encode_fps=30)


@pytest.fixture
def film() -> Iterator[Film]:
    made = Film(OPTIONS)
    yield made
    made.close(2.0)


def shown(film: Film, frames: list[Frame]) -> list[float]:
    """The seconds of what is in the ring after these frames, each encoded where it has to be."""
    for frame in frames:
        film.add(frame)
        wait(film)
    return [piece.stamp.mono_ns / 1e9 for _, piece in film.ring.since(0)]


def wait(film: Film) -> None:
    end = time.monotonic() + 5
    while film._encoder is not None and not film._encoder._done and time.monotonic() < end:
        time.sleep(0.0005)
    film.gather()


def test_a_cameras_packets_are_used_and_nothing_is_encoded(film: Film) -> None:
    assert len(shown(film, coded(raw(2)))) == 20
    assert film._encoder is None
    assert film.state()["encoder"] == "camera"


def test_a_camera_without_packets_is_encoded_here(film: Film) -> None:
    assert len(shown(film, raw(2))) == 20
    assert film.state()["encoder"] == "libx264"
    assert film.state()["in_browsers"] is True


def test_it_encodes_until_packets_come(film: Film) -> None:
    frames = [*raw(1), *coded(raw(2, first=10))]
    shown(film, frames)
    assert film._encoder is None
    runs = {id(piece.run): piece.run.is_ours for _, piece in film.ring.since(0)}
    assert list(runs.values()) == [True, False]


def test_it_says_how_much_memory_it_takes(film: Film) -> None:
    shown(film, raw(2))
    state = film.state()
    assert 0 < state["ring_bytes"] <= state["ring_most_bytes"] == 24 * 1024 * 1024
    assert state["ring_s"] == pytest.approx(1.9)


def test_a_fallback_that_no_browser_plays_is_said() -> None:
    film = Film(OPTIONS.model_copy(update={"encoder": "mpeg4"}))
    shown(film, raw(1))
    assert film.state()["in_browsers"] is False
    film.close(2.0)


def test_other_settings_are_gone_by_from_then_on(film: Film) -> None:
    shown(film, raw(1))
    first = film._encoder
    film.adapted(OPTIONS)
    assert film._encoder is first
    film.adapted(OPTIONS.model_copy(update={"encode_crf": 35, "ring_mib": 1}))
    shown(film, raw(1, first=10))
    assert film._encoder is not first
    assert film.state()["ring_most_bytes"] == 1024 * 1024


def test_when_it_is_closed_nothing_is_left_of_what_was_filmed(film: Film) -> None:
    shown(film, raw(1))
    film.close(2.0)
    assert film.ring.newest is None
    assert film.state()["encoder"] == ""
