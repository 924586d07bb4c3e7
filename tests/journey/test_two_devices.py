"""Two devices and one centre: whoever is known, named, merged or forgotten at one door is so at the other.

Both devices live in the test's process, each on a clock of its own; their logs, their sync and the centre are real.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
import pytest
from centre import Centre
from edge import MODEL, QUICK, Edge, Wall
from ledger import counts_differ, people_differ, rows_differ

from smartlogd.base.known import Event, PersonId, SubjectId
from smartlogd.base.time import SystemClock, monotonic_s
from smartlogd.base.who import Recognition, Template, Who
from smartlogd.store.templates import read

pytestmark = pytest.mark.services

Vector = npt.NDArray[np.float32]
HERE = "SELECT u.name FROM smartlog AS s LEFT JOIN users AS u ON u.id = s.user_id WHERE s.event_id = ?"
THERE = """
SELECT u.name FROM (
    SELECT event_id, user_id FROM smartlog UNION ALL SELECT event_id, person_id FROM late_rows WHERE action IS NOT NULL
) AS s LEFT JOIN users AS u ON u.id = s.user_id WHERE s.event_id = %s
"""


@pytest.fixture
async def door(centre: Centre, tmp_path: Path) -> AsyncIterator[Edge]:
    async for edge in _device(centre, tmp_path, "door"):
        yield edge


@pytest.fixture
async def gate(centre: Centre, tmp_path: Path) -> AsyncIterator[Edge]:
    async for edge in _device(centre, tmp_path, "gate"):
        yield edge


async def _device(centre: Centre, folder: Path, name: str) -> AsyncIterator[Edge]:
    """A device that has not joined the centre yet."""
    async with AsyncExitStack() as stack:
        edge = await Edge(folder / name, centre, name, seed=len(name)).start(joined=False)
        stack.push_async_callback(edge.stop)
        await _known_of(edge)
        yield edge


async def _known_of(edge: Edge) -> None:
    """From the first start on it is known what is history and what is not."""
    from smartlogd.store.begin import begin

    await edge.store.change(begin)


def face(seed: int) -> Vector:
    """A face that nobody else has."""
    numbers = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return np.asarray(numbers / np.linalg.norm(numbers), np.float32)


async def enrolled(edge: Edge, name: str, seed: int) -> str:
    """Someone is made known by a photograph; the uid."""
    vector = base64.b64encode(face(seed).astype("<f4").tobytes()).decode()
    told = await edge.change(
        "enrol", name=name, consent=True, model=MODEL, templates=[{"vector": vector, "quality": 0.9}]
    )
    return str(told["uid"])


def passes(edge: Edge, *, person: str | None = None, into: UUID | None = None, seed: int | None = None) -> Event:
    """Someone passes: recognised as a person, or as a stranger whom one knows, or with a face that nobody knows."""
    edge.wall.wait(1)
    event = edge.append(subject=SubjectId(uuid4()))
    assert event.subject is not None
    who = Who(event.subject, is_known=False)
    faces = () if seed is None else (Template(uuid4(), who, MODEL, face(seed), 0.8),)
    named = None if person is None else PersonId(UUID(person))
    merged = None if into is None else SubjectId(into)
    if person or into or seed:
        edge.store.journal.learn(Recognition(event.subject, event.stamp, named, merged, faces))
    return event


async def even(*edges: Edge) -> None:
    """Until all have sent what they have and heard what the others sent."""
    for _ in range(2):
        for edge in edges:
            await edge.catch_up()


def names(edge: Edge, events: Iterable[Event]) -> list[tuple[str | None, str | None]]:
    """Who passed, by the device itself and by the centre."""
    ask = edge.centre.execute
    return [(edge.ask(HERE, str(event.id))[0][0], ask(THERE, str(event.id))[0][0]) for event in events]


def agree(*edges: Edge) -> None:
    """Both sides have the same rows, people, faces and counts, and nothing was refused."""
    for edge in edges:
        assert rows_differ(edge.path, edge.centre, edge.name) == []
        assert people_differ(edge.path, edge.centre) == []
        assert edge.ask("SELECT count(*) FROM dead_letters") == [(0,)]
    assert counts_differ(edges[0].centre) == []
    assert edges[0].centre.execute("SELECT kind, reason FROM rejects") == []


def faces_of(edge: Edge, owner: str) -> list[Vector]:
    """The faces by which this device knows someone."""
    kept = read(edge.folder, edge.store.keys)
    assert kept.spoilt == ()
    return [template.vector for template in kept.templates if str(template.who.id) == owner]


async def test_two_who_were_enrolled_before_the_devices_met_a_centre_are_two_people_and_every_passing_is_named_right(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    anna, bertha = await enrolled(door, "Anna", 1), await enrolled(gate, "Bertha", 2)
    at_door = [passes(door, person=anna), passes(door, seed=3)]
    at_gate = [passes(gate, person=bertha), passes(gate, seed=4), passes(gate, person=bertha)]
    await door.join()
    await gate.join()
    await even(door, gate)
    at_door += [passes(door, person=bertha), passes(door, person=anna)]
    at_gate += [passes(gate, person=anna)]
    await even(door, gate)

    assert names(door, at_door) == [("Anna", "Anna"), (None, None), ("Bertha", "Bertha"), ("Anna", "Anna")]
    assert names(gate, at_gate) == [("Bertha", "Bertha"), (None, None), ("Bertha", "Bertha"), ("Anna", "Anna")]
    known = "SELECT name FROM users WHERE role = 'member' AND name IS NOT NULL ORDER BY name"
    assert [row[0] for row in centre.execute(known)] == ["Anna", "Bertha"]
    assert door.ask(known) == gate.ask(known) == [("Anna",), ("Bertha",)]
    agree(door, gate)


async def test_two_of_one_name_at_two_doors_stay_two(door: Edge, gate: Edge, centre: Centre) -> None:
    one, other = await enrolled(door, "Anna", 1), await enrolled(gate, "Anna", 2)
    passed = [passes(door, person=one)], [passes(gate, person=other)]
    await door.join()
    await gate.join()
    await even(door, gate)
    assert one != other
    assert names(door, passed[0]) == names(gate, passed[1]) == [("Anna", "Anna")]
    assert centre.execute("SELECT count(DISTINCT user_id) FROM smartlog") == [(2,)]
    agree(door, gate)


async def test_who_is_enrolled_at_one_door_is_in_the_gallery_of_the_other_within_one_interval(
    door: Edge, gate: Edge
) -> None:
    await door.join()
    await gate.join()
    await even(door, gate)
    before, began_s = gate.gallery_changes, monotonic_s()
    anna = await enrolled(door, "Anna", 1)
    async with asyncio.timeout(10):
        while gate.gallery_changes == before:
            await asyncio.sleep(0.005)
    took_s = monotonic_s() - began_s
    (known,) = faces_of(gate, anna)
    assert np.array_equal(known, face(1))
    span_s = QUICK.gather_s + QUICK.interval_s
    assert took_s < span_s + 1, f"{took_s:.2f} s where gathering and one interval are {span_s:.2f} s"


async def test_a_stranger_who_gets_a_name_at_one_door_has_it_in_all_past_rows_of_all(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    await door.join()
    await gate.join()
    first = passes(door, seed=5)
    await even(door, gate)
    assert first.subject is not None
    assert len(faces_of(gate, str(first.subject))) == 1, "met at the door, known again at the gate"
    at_gate = [passes(gate, into=first.subject), passes(gate, into=first.subject)]
    await even(door, gate)
    await door.change("assign", uuid=str(first.subject), name="Cleo")
    at_gate.append(passes(gate, into=first.subject))  # before it hears of the name
    await even(door, gate)
    at_gate.append(passes(gate, into=first.subject))
    await even(door, gate)
    assert names(door, [first]) == [("Cleo", "Cleo")]
    assert names(gate, at_gate) == [("Cleo", "Cleo")] * 4
    agree(door, gate)

    await gate.change("unassign", uuid=str(first.subject))
    await even(door, gate)
    assert names(door, [first]) == [(None, None)]
    assert names(gate, at_gate) == [(None, None)] * 4
    agree(door, gate)


async def test_who_is_forgotten_at_one_door_is_nowhere_and_what_comes_late_is_stripped(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    await door.join()
    await gate.join()
    bertha = await enrolled(door, "Bertha Forgetmenot", 6)
    at_door = passes(door, person=bertha)
    await even(door, gate)
    at_gate = passes(gate, person=bertha)
    stranger = passes(gate, seed=7)
    await even(door, gate)
    await gate.change("assign", uuid=str(stranger.subject), name=bertha)
    await even(door, gate)
    await gate.sync.pause()
    late = [passes(gate, person=bertha), gate.append(subject=stranger.subject)]
    await door.change("forget", name="Bertha Forgetmenot")
    still_there = door.append(subject=at_door.subject)
    await door.catch_up()
    await gate.sync.resume()
    await even(door, gate)

    for edge, events in ((door, [at_door, still_there]), (gate, [at_gate, stranger, *late])):
        for event in events:
            row = "SELECT user_id, uuid, track_id FROM smartlog WHERE event_id = {0}"
            assert edge.ask(row.format("?"), str(event.id)) == [(None, str(event.id), None)]
            assert centre.execute(row.format("%s"), str(event.id)) == [(None, str(event.id), None)]
        assert not edge.store.keys.path(UUID(bertha)).exists()
        assert faces_of(edge, bertha) == faces_of(edge, str(stranger.subject)) == []
    assert centre.execute("SELECT owner FROM person_keys") == centre.execute("SELECT id FROM face_templates") == []
    agree(door, gate)
    for edge in (door, gate):
        await edge.stop()
        for path in edge.folder.rglob("*"):
            assert not path.is_file() or b"Forgetmenot" not in path.read_bytes(), path


async def test_a_device_that_was_away_for_weeks_catches_up(door: Edge, gate: Edge, centre: Centre) -> None:
    now = SystemClock().now().utc
    door.wall, gate.wall = _stopped_at(door, now - dt.timedelta(days=70)), _stopped_at(gate, now)
    await door.join()
    await gate.join()
    anna, dora = await enrolled(door, "Anna", 1), await enrolled(gate, "Dora", 8)
    await even(door, gate)
    await door.sync.pause()
    at_door = []
    for _ in range(10):  # a week each: the first of them are older than what the centre takes beside the others
        door.wall.wait(7 * 86_400)
        at_door += [passes(door, person=anna), passes(door, person=dora), passes(door)]
    stranger = passes(gate, seed=9)
    await gate.change("rename", name=anna, to="Anna Away")
    await gate.change("assign", uuid=str(stranger.subject), name="Emil")
    await gate.change("forget", name=dora)
    await even(gate)
    await door.sync.resume()
    await even(door, gate)
    assert names(door, at_door[0::3])[-1] == ("Anna Away", "Anna Away")
    assert {row[0] for row in door.ask("SELECT name FROM users WHERE role = 'member'")} >= {"Anna Away", "Emil"}
    assert door.ask("SELECT count(*) FROM smartlog WHERE user_id IS NULL") == [(20,)], "Dora's, and those of nobody"
    agree(door, gate)


def _stopped_at(edge: Edge, at: dt.datetime) -> Wall:
    edge.wall.true = at
    return edge.wall


async def test_people_made_one_at_one_door_while_the_other_renames_them_are_one_everywhere(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    await door.join()
    await gate.join()
    anna, ann = await enrolled(door, "Anna", 1), await enrolled(gate, "Ann", 2)
    at_door, at_gate = [passes(door, person=anna)], [passes(gate, person=ann)]
    await even(door, gate)
    await door.sync.pause()
    await gate.sync.pause()
    await door.change("people-merge", name=anna, other=ann)
    await gate.change("rename", name=ann, to="Annette")
    at_gate.append(passes(gate, person=ann))
    await gate.change("rename", name=anna, to="Anne")
    await gate.sync.resume()
    await gate.catch_up()
    await door.sync.resume()
    await even(door, gate)
    at_door.append(passes(door, person=anna))
    await even(door, gate)
    assert names(door, at_door) == names(gate, at_gate) == [("Anne", "Anne")] * 2
    assert len(faces_of(door, anna)) == len(faces_of(gate, anna)) == 2
    agree(door, gate)


async def test_people_made_one_crosswise_at_two_doors_end_as_one_and_the_same(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    await door.join()
    await gate.join()
    anna, ann = await enrolled(door, "Anna", 1), await enrolled(gate, "Ann", 2)
    at_door, at_gate = [passes(door, person=anna)], [passes(gate, person=ann)]
    await even(door, gate)
    await door.sync.pause()
    await gate.sync.pause()
    await door.change("people-merge", name=anna, other=ann)
    await gate.change("people-merge", name=ann, other=anna)
    await door.sync.resume()
    await door.catch_up()
    await gate.sync.resume()
    await even(door, gate)
    assert names(door, at_door) == names(gate, at_gate)
    assert names(door, at_door)[0][0] is not None
    for edge in (door, gate):
        assert rows_differ(edge.path, centre, edge.name) == []
        assert people_differ(edge.path, centre) == []


async def test_one_who_was_made_another_at_each_door_is_the_same_other_everywhere(
    door: Edge, gate: Edge, centre: Centre
) -> None:
    await door.join()
    await gate.join()
    anna, ann, zoe = [await enrolled(door, name, seed) for seed, name in enumerate(("Anna", "Ann", "Zoe"))]
    at_door = [passes(door, person=ann)]
    await even(door, gate)
    at_gate = [passes(gate, person=ann)]
    await even(door, gate)
    await door.sync.pause()
    await gate.sync.pause()
    await door.change("people-merge", name=anna, other=ann)
    await gate.change("people-merge", name=zoe, other=ann)
    await door.sync.resume()
    await door.catch_up()
    await gate.sync.resume()
    await even(door, gate)
    for events, edge in ((at_door, door), (at_gate, gate)):
        ((here, there),) = names(edge, events)
        assert here == there
        assert here in {"Anna", "Zoe"}
    agree(door, gate)
