"""The settings of recognition: what can be meant, and what reaches the gate."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from smartlogd.identify.options import IdentifyOptions
from smartlogd.identify.quality import Gate


def test_without_settings_the_gate_is_the_usual_one() -> None:
    assert IdentifyOptions().gate() == Gate()


def test_the_gate_is_what_was_set() -> None:
    options = IdentifyOptions(
        least_face_px=60, least_sharpness=0.7, least_brightness=0.2, most_brightness=0.8, most_yaw_deg=30
    )
    assert options.gate() == Gate(
        least_px=60, least_sharpness=0.7, least_brightness=0.2, most_brightness=0.8, most_yaw=30
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"stranger_distance": 0.55}, "must rise in this order"),
        ({"known_distance": 0.6}, "must rise in this order"),
        ({"doubt_distance": 0.5}, "must rise in this order"),
        ({"same_distance": 0.7}, "must not be above other_distance"),
    ],
)
def test_distances_in_the_wrong_order_cannot_be_meant(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IdentifyOptions.model_validate(wrong)


def test_a_stranger_may_be_taken_for_another_as_easily_as_a_person_but_no_easier() -> None:
    assert IdentifyOptions(stranger_distance=0.52, known_distance=0.52).stranger_distance == 0.52


def test_an_unknown_key_cannot_be_meant() -> None:
    with pytest.raises(ValidationError, match="known_distanc"):
        IdentifyOptions.model_validate({"known_distanc": 0.5})
