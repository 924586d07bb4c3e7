from __future__ import annotations

import dataclasses
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from smartlogd.base.errors import DiskTrouble, UnusableInput
from smartlogd.base.time import monotonic_s
from smartlogd.base.who import Template, Who
from smartlogd.store.keys import Keys, Unsealable
from smartlogd.store.templates import about, keep, load, plain_of, read, reseal

Face = Callable[..., Template]
Seen = Callable[..., UUID]
Known = Callable[..., Any]


@pytest.fixture
def keys(folder: Path) -> Keys:
    return Keys.open(folder)


def spoil(database: sqlite3.Connection, template: Template, vector: object) -> None:
    database.execute("UPDATE face_templates SET vector = ? WHERE id = ?", (vector, str(template.id)))


def test_a_kept_face_comes_back_to_the_bit(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    stranger, template = seen(), face(quality=0.75)
    assert keep(database, keys, template, subject=stranger, source="track", at_us=7)
    (back,) = load(folder, Keys.open(folder))
    assert (back.id, back.who, back.model, back.quality) == (template.id, Who(stranger, is_known=False), "m", 0.75)
    assert back.vector.dtype == np.float32
    assert back.vector.tobytes() == template.vector.tobytes()
    assert not back.vector.flags.writeable


def test_keeping_the_same_face_again_changes_nothing(
    database: sqlite3.Connection, keys: Keys, seen: Seen, face: Face
) -> None:
    stranger, template = seen(), face()
    assert keep(database, keys, template, subject=stranger, source="track", at_us=7)
    rows = database.execute("SELECT * FROM face_templates").fetchall()
    assert not keep(database, keys, template, subject=stranger, source="track", at_us=8)
    assert database.execute("SELECT * FROM face_templates").fetchall() == rows


def test_the_numbers_of_a_face_stand_nowhere_in_the_folder(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    template = face()
    keep(database, keys, template, subject=seen(), source="track", at_us=7)
    database.execute("PRAGMA wal_checkpoint")
    plain = template.vector.tobytes()
    for file in (path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert plain not in content
        assert plain[:16] not in content


def test_whose_a_strangers_face_is_follows_the_stranger(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, known: Known, face: Face
) -> None:
    resident, uid = known()
    top, enrolled = seen(), face(9)
    middle = seen(into=top)
    for seed, subject in enumerate((top, middle)):
        keep(database, keys, face(seed), subject=subject, source="track", at_us=0)
    keep(database, keys, enrolled, user=uid, source="photo", at_us=0)

    def who() -> set[Who]:
        return {template.who for template in load(folder, keys)}

    assert who() == {Who(top, is_known=False), Who(uid, is_known=True)}
    database.execute("UPDATE subjects SET user_id = ? WHERE uuid = ?", (resident, str(middle)))
    assert who() == {Who(top, is_known=False), Who(uid, is_known=True)}
    database.execute("UPDATE subjects SET user_id = ? WHERE uuid = ?", (resident, str(top)))
    assert who() == {Who(uid, is_known=True)}
    database.execute("UPDATE subjects SET user_id = NULL, merged_into = NULL")
    assert who() == {Who(top, is_known=False), Who(middle, is_known=False), Who(uid, is_known=True)}
    database.execute("UPDATE users SET forgotten_at = 1 WHERE id = ?", (resident,))
    assert who() == {Who(top, is_known=False), Who(middle, is_known=False)}


def test_faces_of_one_network_can_be_asked_for(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    stranger = seen()
    for model in ("one", "other"):
        keep(database, keys, face(model=model), subject=stranger, source="track", at_us=0)
    assert [template.model for template in load(folder, keys, model="other")] == ["other"]
    assert len(load(folder, keys)) == 2


@pytest.mark.parametrize(
    "vector",
    [
        np.zeros(128, np.float32), np.full(128, np.nan, np.float32), np.full(128, np.inf, np.float32),
        np.full(128, 3e38, np.float32), np.ones(127, np.float32), np.ones((1, 128), np.float32),
        np.full(128, 0.1, np.float64), np.ones(128, np.int8),
    ],
    ids=["nought", "nan", "infinity", "huge", "short", "wrapped", "double", "whole numbers"],
)  # fmt: skip
def test_what_is_no_face_is_refused(
    database: sqlite3.Connection, keys: Keys, seen: Seen, face: Face, vector: Any
) -> None:
    with pytest.raises(UnusableInput, match="A face is 128"):
        keep(database, keys, dataclasses.replace(face(), vector=vector), subject=seen(), source="track", at_us=0)
    assert keys.owners() == frozenset()


def test_a_face_has_one_owner_and_a_quality_within_bounds(
    database: sqlite3.Connection, keys: Keys, seen: Seen, known: Known, face: Face
) -> None:
    stranger, (_, uid) = seen(), known()
    for owner in ({}, {"subject": stranger, "user": uid}):
        with pytest.raises(UnusableInput, match="one of them"):
            keep(database, keys, face(), **owner, source="track", at_us=0)
    for quality in (-0.1, 1.1, float("nan")):
        with pytest.raises(UnusableInput, match="quality"):
            keep(database, keys, face(quality=quality), subject=stranger, source="track", at_us=0)


def test_spoilt_faces_are_told_by_their_ids_and_the_rest_goes_on(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    stranger, keyless, damaged = seen(), seen(), seen()
    good, *bad = (face(seed) for seed in range(7))
    for template, subject in zip([good, *bad], [stranger] * 5 + [keyless, damaged], strict=True):
        keep(database, keys, template, subject=subject, source="track", at_us=0)
    sealed = database.execute("SELECT vector FROM face_templates WHERE id = ?", (str(good.id),)).fetchone()[0]
    spoil(database, bad[0], sealed)  # another template's
    spoil(database, bad[1], sealed[:-1])
    spoil(database, bad[2], "text")
    spoil(database, bad[3], keys.seal(stranger, np.zeros(128, "<f4").tobytes(), about(bad[3].id, "m")))
    keys.destroy(keyless)
    (folder / "keys" / f"{damaged}.key").write_bytes(b"x" * 76)

    caplog.set_level(logging.INFO, "smartlogd.store")
    assert [template.id for template in load(folder, keys)] == [good.id]
    assert {one.id for one in read(folder, keys).spoilt} == {str(template.id) for template in bad}
    (record,) = caplog.records
    assert record.message == "faces cannot be used"
    assert record.__dict__["count"] == 6


def test_a_face_moved_to_another_network_is_spoilt(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    keep(database, keys, face(), subject=seen(), source="track", at_us=0)
    database.execute("UPDATE face_templates SET model = 'better'")
    (spoilt,) = read(folder, keys).spoilt
    assert "belongs elsewhere" in spoilt.why


def test_a_vector_of_another_length_is_spoilt(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    stranger, template = seen(), face()
    keep(database, keys, template, subject=stranger, source="track", at_us=0)
    spoil(database, template, keys.seal(stranger, b"x" * 511, about(template.id, "m")))
    assert [one.why for one in read(folder, keys).spoilt] == ["It has 511 bytes, not 512."]


def test_one_persons_faces_become_anothers_under_the_others_key(
    database: sqlite3.Connection, folder: Path, keys: Keys, known: Known, face: Face
) -> None:
    (_, one), (_, other) = known("One"), known("Other")
    made = [face(seed) for seed in range(3)]
    for template in made:
        keep(database, keys, template, user=other, source="photo", at_us=0)
    spoil(database, made[0], b"spoilt")
    assert reseal(database, keys, of=other, under=one) == 2
    keys.destroy(other)
    found = {template.id: template for template in load(folder, keys)}
    assert set(found) == {template.id for template in made[1:]}
    assert {template.who for template in found.values()} == {Who(one, is_known=True)}
    assert all(found[template.id].vector.tobytes() == template.vector.tobytes() for template in made[1:])
    assert database.execute("SELECT count(*) FROM face_templates").fetchone() == (2,)


def test_after_the_key_is_gone_the_row_opens_no_more(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face
) -> None:
    stranger, template = seen(), face()
    keep(database, keys, template, subject=stranger, source="track", at_us=0)
    (sealed,) = database.execute("SELECT vector FROM face_templates").fetchone()
    keys.destroy(stranger)
    assert load(folder, keys) == ()
    with pytest.raises(Unsealable):
        keys.unseal(stranger, sealed, about(template.id, "m"))


def test_no_faces_are_no_faces(database: sqlite3.Connection, folder: Path, keys: Keys) -> None:
    assert load(folder, keys) == ()


def test_no_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(DiskTrouble, match="cannot be opened"):
        load(tmp_path, Keys.open(tmp_path))


def test_plain_bytes_are_little_endian_floats(face: Face) -> None:
    vector = face().vector
    assert plain_of(vector) == b"".join(np.float32(one).tobytes() for one in vector)
    assert len(plain_of(vector)) == 512


def test_ten_thousand_faces_of_two_thousand_people_load_quickly(
    database: sqlite3.Connection, folder: Path, keys: Keys, seen: Seen, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = face().vector
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # durability is proven elsewhere
        database.execute("BEGIN")
        for _ in range(2000):
            subject = seen(passed=False)
            for _ in range(5):
                template = Template(uuid4(), Who(subject, is_known=False), "m", vector, 0.5)
                keep(database, keys, template, subject=subject, source="track", at_us=0)
        database.execute("COMMIT")
    spans_s = []
    for _ in range(3):
        begun_s = monotonic_s()
        assert len(load(folder, keys)) == 10_000
        spans_s.append(monotonic_s() - begun_s)
    assert min(spans_s) < 0.5
