"""Who subjects are by now, and what people are called."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.time import SystemClock
from smartlogd.base.who import Who
from smartlogd.store.engine import transaction
from smartlogd.store.whom import Called, called, introduce, whom


def subject(uuid: str) -> SubjectId:
    return SubjectId(UUID(uuid))


def test_a_subject_is_its_person_or_the_stranger_at_the_end_of_its_mergers(village: Any) -> None:
    uid = village.enrolled("Ada")
    known, alone = village.recognised(uid, 1), village.stranger(2)
    later = village.stranger(3, into=alone)
    unwritten = SubjectId(uuid4())
    found = whom(village.folder, [subject(known), subject(alone), subject(later), unwritten])
    assert found == {
        subject(known): Who(UUID(uid), is_known=True),
        subject(alone): Who(UUID(alone), is_known=False),
        subject(later): Who(UUID(alone), is_known=False),
    }


def test_the_name_of_the_stranger_it_was_merged_into_is_its_own(village: Any) -> None:
    alone = village.stranger(2)
    later = village.stranger(3, into=alone)
    uid = village.change("assign", uuid=alone, name="Ada")["uid"]
    assert whom(village.folder, [subject(later)]) == {subject(later): Who(UUID(uid), is_known=True)}


def test_people_are_called_by_their_names_until_they_are_forgotten(village: Any) -> None:
    uid = village.enrolled("Ada")
    assert called(village.folder)[PersonId(UUID(uid))].name == "Ada"
    village.change("forget", name="Ada")
    assert PersonId(UUID(uid)) not in called(village.folder)


def test_nobody_is_called_anything_before_there_is_a_log(tmp_path: Path) -> None:
    assert called(tmp_path) == {}


def test_whom_a_replay_s_database_is_told_of_it_calls_the_same(village: Any) -> None:
    stranger, now = PersonId(uuid4()), SystemClock().now()
    for name in ("Ada", "Ada King"):
        with transaction(village.path) as connection:
            introduce(connection, {stranger: Called(99, name)}, now)
        assert called(village.folder)[stranger].name == name


def test_who_was_forgotten_is_not_introduced_again(village: Any) -> None:
    uid = PersonId(UUID(village.enrolled("Ada")))
    village.change("forget", name="Ada")
    with transaction(village.path) as connection:
        introduce(connection, {uid: Called(1, "Ada")}, SystemClock().now())
    assert uid not in called(village.folder)
