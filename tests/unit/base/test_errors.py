"""An error says what happened, what to do, and what becomes of it."""

from __future__ import annotations

import pytest

from smartlogd.base import errors
from smartlogd.base.errors import CameraLost, DiskTrouble, Exit, Fate, SmartlogError, WrongConfiguration


def test_an_error_reads_as_one_sentence_and_a_hint() -> None:
    assert str(SmartlogError("The disk is full.", "Delete something.")) == "The disk is full. Delete something."
    assert str(SmartlogError("The disk is full.")) == "The disk is full."


def test_every_kind_of_error_has_a_fate_and_an_exit_code_that_is_no_success() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SmartlogError)]
    assert len(kinds) > 5
    for kind in kinds:
        assert isinstance(kind.fate, Fate)
        assert kind("It went wrong.").code is not Exit.DONE


def test_an_error_may_have_another_fate_or_code_than_its_kind() -> None:
    error = DiskTrouble("The disk is full.", fate=Fate.RETRY, code=Exit.PERMISSION)
    assert (error.fate, error.code) == (Fate.RETRY, Exit.PERMISSION)
    assert DiskTrouble("The disk is full.").fate is Fate.FATAL, "the kind itself stays as it was"


@pytest.mark.parametrize(("kind", "code"), [(CameraLost, 66), (DiskTrouble, 74), (WrongConfiguration, 78)])
def test_exit_codes_are_those_of_sysexits(kind: type[SmartlogError], code: int) -> None:
    assert kind("It went wrong.").code == code
