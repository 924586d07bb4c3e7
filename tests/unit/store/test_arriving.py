"""The forms of what comes down: bounds, and room for what a newer centre may say."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from smartlogd.store.arriving import FaceGone, FaceRow, SubjectRow, TombstoneRow, UserRow, form_of

UID = str(UUID(int=1))
FACE = {"id": UID, "model": "m", "vector": "AAAA" * 20, "quality": 1, "source": "x", "created": 1, "key": "AAAA" * 20}


def test_a_form_is_found_by_kind() -> None:
    assert form_of({"kind": "user"}) is UserRow
    assert form_of({"kind": "template"}) is FaceRow
    assert form_of({"kind": "template", "gone": True}) is FaceGone
    assert form_of({"kind": "user", "gone": True}) is None
    assert form_of({}) is None


def test_what_a_newer_centre_says_besides_is_left_aside_and_what_an_older_one_does_not_say_is_null() -> None:
    row = UserRow.model_validate({"uid": UID, "created": 1, "updated": 2, "shoe_size": 42})
    assert (row.email, row.consent, row.forgotten) == (None, None, None)


def test_bytes_come_as_base64_and_are_bounded_as_bytes() -> None:
    assert FaceRow.model_validate({**FACE, "user": UID}).vector == bytes(60)
    assert FaceRow.model_validate({**FACE, "subject": UID}).owner == UID
    for vector in ("AAAA" * 2000, "AAAA", "no base64"):
        with pytest.raises(ValidationError):
            FaceRow.model_validate({**FACE, "user": UID, "vector": vector})


@pytest.mark.parametrize("owners", [{}, {"user": UID, "subject": UID}])
def test_a_face_has_one_owner(owners: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one of them"):
        FaceRow.model_validate({**FACE, **owners})


def test_nobody_is_merged_into_themselves() -> None:
    with pytest.raises(ValidationError):
        SubjectRow(uuid=UID, merged_into=UID, first=1, last=1)
    with pytest.raises(ValidationError):
        TombstoneRow(uid=UID, what="merged", heir=UID, at=1)
    with pytest.raises(ValidationError):
        TombstoneRow(uid=UID, what="person", heir=str(UUID(int=2)), at=1)
