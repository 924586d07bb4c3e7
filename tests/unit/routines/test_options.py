"""The `[routines]` table."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.routines.options import RoutinesOptions


def test_the_defaults_make_up_for_what_was_missed_within_the_hour() -> None:
    options = RoutinesOptions()
    assert (options.enabled, options.catch_up, options.catch_up_within_h) == (True, "one", 1.0)


@pytest.mark.parametrize("wrong", [{"catch_up": "all"}, {"step_timeout_s": 0}, {"trust_within_s": -1}, {"cron": "x"}])
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RoutinesOptions.model_validate(wrong)
