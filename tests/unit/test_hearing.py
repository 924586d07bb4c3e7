"""From the microphone to the journal, with recordings as the microphone and the real model."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hears import noise, pieces, real_ear
from room import Room, why_not

from smartlogd import wiring
from smartlogd.base.errors import Fate, Missing, SmartlogError
from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import Event
from smartlogd.base.seen import Sound
from smartlogd.base.time import Clock, SystemClock
from smartlogd.capture.soundtrack import Soundtrack, recorded_sound
from smartlogd.cli.footage import Unkept
from smartlogd.hearing import Hearing
from smartlogd.settings import Settings


class Kept(Unkept):
    """A journal that remembers what it was given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.has_room = asyncio.Event()
        self.has_room.set()

    def append(self, event: Event) -> Any:
        self.events.append(event)
        return self

    async def room(self) -> None:
        await self.has_room.wait()


class Recordings:
    """Microphones that play a recording each, one after the other; the last one waits in silence for ever."""

    def __init__(self, *paths: Path) -> None:
        self.paths, self.opened = list(paths), list[Soundtrack]()

    def __call__(self, settings: Settings, clock: Clock) -> Soundtrack:
        track = Waiting(
            self.paths[min(len(self.opened), len(self.paths) - 1)], start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        )
        self.opened.append(track)
        return track


class Waiting(Soundtrack):
    """A recording that does not end: after its last piece comes nothing more, as from a microphone that is muted."""

    async def sounds(self) -> AsyncGenerator[Sound, None]:
        async for sound in super().sounds():
            yield sound
        await asyncio.Event().wait()


def settings(**tables: Mapping[str, object]) -> Settings:
    usual: dict[str, Any] = {"capture": {"microphone": {"enabled": True}}, "device": {"name": "hall"}}
    return Settings.model_validate(usual | tables)


@pytest.fixture
def bark(tmp_path: Path, shared: Path) -> Path:
    """A bark, and silence after it until it is over for certain."""
    import av

    parts = [sound.samples for sound in recorded_sound(shared / "audio" / "esc10_dog_bark_2-118072-A.ogg")]
    samples = np.concatenate([*parts, np.zeros(8 * 16_000, np.float32)])
    path = tmp_path / "bark.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


Made = Callable[..., Hearing]


@pytest.fixture
def journal() -> Kept:
    return Kept()


@pytest.fixture
def hearing(shared: Path, tmp_path: Path, journal: Kept) -> Made:
    def made(given: Callable[[], Settings], recordings: Recordings, **more: Any) -> Hearing:
        return Hearing(
            given,
            journal,
            ReplayIds("ab" * 32),
            SystemClock(),
            **({"microphone": recordings, "ear": lambda _: real_ear(shared, tmp_path / "models")} | more),
        )

    return made


@asynccontextmanager
async def running(hearing: Hearing) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(hearing.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not what():
            await asyncio.sleep(0.02)


async def test_a_bark_becomes_an_event_of_the_log(hearing: Made, bark: Path, journal: Kept) -> None:
    told: list[Event] = []
    recordings = Recordings(bark)
    listening = hearing(settings, recordings, listeners=(told.extend,))
    assert listening.state() == {"microphone": None, "status": "off", "lost": 0, "bursts": 0}
    async with running(listening):
        await until(lambda: bool(journal.events))
        assert (listening.state()["microphone"], listening.state()["bursts"]) == ("bark.wav", 1)
    (event,) = journal.events
    assert (event.type, event.device, event.subject) == ("bark", "hall", None)
    assert event.ended is not None
    assert event.ended.since(event.stamp) == pytest.approx(0.45, abs=0.25)
    assert event.data["count"] == 2
    assert told == journal.events
    assert recordings.opened[0].status == "ended"


async def test_it_listens_only_where_it_is_asked_to(hearing: Made, bark: Path, journal: Kept) -> None:
    recordings = Recordings(bark)
    now = settings(capture={"microphone": {"enabled": False}})
    listening = hearing(lambda: now, recordings)
    async with running(listening):
        await asyncio.sleep(0.1)
        assert (recordings.opened, listening.state()["status"]) == ([], "off")
        now = settings()
        listening.again()
        await until(lambda: bool(journal.events))
        now = settings(capture={"microphone": {"enabled": False}})
        listening.again()
        await until(lambda: listening.state()["status"] == "off")
    assert recordings.opened[0].status == "ended"


async def test_a_change_of_other_settings_does_not_interrupt_it(hearing: Made, bark: Path, journal: Kept) -> None:
    recordings, now = Recordings(bark), settings()
    listening = hearing(lambda: now, recordings)
    listening.again()
    async with running(listening):
        await until(lambda: bool(journal.events))
        now = settings(detect={"face_score": 0.7})
        listening.again()
        await asyncio.sleep(0.1)
        assert len(recordings.opened) == 1
        now = settings(detect={"sounds": {"sensitivity": 0.9}})
        listening.again()
        await until(lambda: len(recordings.opened) == 2)


async def test_another_model_is_heard_by_from_its_loading_on(hearing: Made, bark: Path, journal: Kept) -> None:
    recordings = Recordings(bark)
    listening = hearing(settings, recordings)
    async with running(listening):
        await until(lambda: bool(journal.events))
        listening.anew()
        await until(lambda: len(recordings.opened) == 2)
        assert recordings.opened[0].status == "ended"


async def test_whoever_is_not_to_be_seen_is_not_heard(hearing: Made, bark: Path, journal: Kept) -> None:
    recordings = Recordings(bark)
    listening = hearing(settings, recordings)
    await listening.pause()
    async with running(listening):
        await until(lambda: bool(recordings.opened))
        await asyncio.sleep(0.2)
        assert (journal.events, listening.state()["status"]) == ([], "paused")
        await listening.resume()
        await until(lambda: bool(journal.events))


async def test_what_was_heard_until_a_pause_is_told_at_once(hearing: Made, bark: Path, journal: Kept) -> None:
    recordings = Recordings(bark)
    journal.has_room.clear()
    listening = hearing(settings, recordings)
    async with running(listening):
        await until(lambda: listening.state()["status"] == "running")
        await listening.pause()
        journal.has_room.set()
        await until(lambda: bool(journal.events))
    assert [event.type for event in journal.events] == ["bark"]


async def test_what_was_heard_until_the_end_is_told_at_the_end(hearing: Made, shared: Path, journal: Kept) -> None:
    recordings = Recordings(shared / "audio" / "esc10_dog_bark_1-30344-A.ogg")
    async with running(hearing(settings, recordings)):
        await until(lambda: bool(recordings.opened) and recordings.opened[0].status == "running")
        await asyncio.sleep(0.5)
        assert journal.events == []
    assert [event.type for event in journal.events] == ["bark"]


async def test_without_its_model_it_is_deaf_and_the_daemon_goes_on(hearing: Made, bark: Path) -> None:
    def missing(_: Settings) -> Any:
        raise Missing("The model yamnet is not on this device.", "Fetch it.")

    with pytest.raises(SmartlogError, match="yamnet") as deaf:
        await hearing(settings, Recordings(bark), ear=missing).run()
    assert (deaf.value.fate, deaf.value.hint) == (Fate.DEGRADE, "Fetch it.")


async def test_a_full_disk_holds_it_back_and_loses_no_event(hearing: Made, bark: Path, journal: Kept) -> None:
    journal.has_room.clear()
    async with running(hearing(settings, Recordings(bark))):
        await asyncio.sleep(0.5)
        assert journal.events == []
        journal.has_room.set()
        await until(lambda: bool(journal.events))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    if lacking := why_not():
        pytest.skip(f"needs {lacking}")
    (tmp_path / "room").mkdir()
    made = Room(tmp_path / "room")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    made.open()
    yield made
    made.close()


async def test_a_bark_in_the_room_becomes_an_event_with_its_time(
    hearing: Made, room: Room, shared: Path, journal: Kept
) -> None:
    samples = [sound.samples for sound in recorded_sound(shared / "audio" / "esc10_dog_bark_2-118072-A.ogg")]
    listening = hearing(settings, Recordings(), microphone=wiring.microphone)
    async with running(listening):
        await until(lambda: listening.state()["status"] == "running")
        await asyncio.sleep(1.0)
        played = SystemClock().now()
        player = room.play(np.concatenate(samples))
        await until(lambda: bool(journal.events))
        player.wait()
    (event,) = journal.events
    assert event.type == "bark"
    assert -0.5 < event.stamp.since(played) - 0.36 < 2.0
    assert event.ended is not None
    assert event.ended.since(event.stamp) == pytest.approx(0.45, abs=0.3)


def test_nothing_that_is_heard_can_be_found_in_an_event(shared: Path, tmp_path: Path) -> None:
    from smartlogd.record.compose import heard

    ear = real_ear(shared, tmp_path)
    bursts = [
        burst
        for sound in pieces(np.concatenate((noise(2.0), np.zeros(64_000, np.float32))))
        for burst in ear.listen(sound)
    ]
    for burst in (*bursts, *ear.rest()):
        event = heard(burst, ReplayIds("ab" * 32), "hall")
        assert set(event.data) == {"confidence", "count", "peak_s"}
