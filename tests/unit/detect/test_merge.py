"""Several looks at one picture, each being once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.geometry import Box
from smartlogd.base.seen import Detection, Kind
from smartlogd.detect.merge import is_cut, is_seconded, joined, merged

WHOLE = Box(0, 0, 1, 1)
LEFT_HALF = Box(0, 0, 0.5, 1)


def person(x0: float, y0: float, x1: float, y1: float, score: float = 0.9) -> Detection:
    return Detection(Kind.PERSON, Box(x0, y0, x1, y1), score)


def test_of_two_boxes_of_one_person_the_surer_stays() -> None:
    assert merged([person(0.1, 0.1, 0.3, 0.6, 0.5), person(0.11, 0.1, 0.31, 0.6, 0.8)])[0].score == 0.8
    assert len(merged([person(0.1, 0.1, 0.3, 0.6, 0.5), person(0.11, 0.1, 0.31, 0.6, 0.8)])) == 1


def test_a_torso_in_a_person_is_no_second_person() -> None:
    assert merged([person(0.1, 0.1, 0.3, 0.6, 0.8), person(0.12, 0.15, 0.28, 0.3, 0.7)]) == (
        person(0.1, 0.1, 0.3, 0.6, 0.8),
    )


def test_two_people_side_by_side_stay_two() -> None:
    assert len(merged([person(0.1, 0.1, 0.3, 0.6), person(0.25, 0.1, 0.45, 0.6)])) == 2


def test_a_dog_in_a_persons_arms_stays() -> None:
    dog = Detection(Kind.DOG, Box(0.15, 0.2, 0.25, 0.3), 0.6)
    assert dog in merged([person(0.1, 0.1, 0.3, 0.6), dog])


def test_only_a_border_inside_the_picture_cuts() -> None:
    assert is_cut(person(0.3, 0.2, 0.5, 0.6), LEFT_HALF)
    assert not is_cut(person(0.0, 0.0, 0.2, 1.0), LEFT_HALF)
    assert not is_cut(person(0.0, 0.0, 1.0, 1.0), WHOLE)
    assert is_cut(person(0.2, 0.25, 0.3, 0.4), Box(0.1, 0.25, 0.4, 0.5))
    assert is_cut(person(0.2, 0.3, 0.3, 0.5), Box(0.1, 0.25, 0.4, 0.5))
    assert is_cut(person(0.1, 0.3, 0.3, 0.4), Box(0.1, 0.25, 0.4, 0.5))


def test_a_piece_that_a_crop_cut_gives_way_to_the_whole_even_when_it_is_surer() -> None:
    whole, piece = person(0.4, 0.2, 0.6, 0.6, 0.5), person(0.4, 0.2, 0.5, 0.6, 0.95)
    assert joined([(WHOLE, [whole]), (LEFT_HALF, [piece])]) == (whole,)


def test_a_piece_that_nothing_else_explains_is_believed() -> None:
    piece = person(0.4, 0.2, 0.5, 0.6, 0.6)
    assert joined([(WHOLE, []), (LEFT_HALF, [piece])]) == (piece,)


sides = st.floats(0, 0.8)
lengths = st.floats(0.02, 0.2)
people = st.lists(
    st.builds(lambda x, y, w, h, s: person(x, y, x + w, y + h, s), sides, sides, lengths, lengths, st.floats(0, 1)),
    max_size=8,
)


@given(people, st.randoms())
def test_the_order_in_which_they_were_found_changes_nothing(found, shuffler) -> None:
    shuffled = list(found)
    shuffler.shuffle(shuffled)
    assert merged(found) == merged(shuffled)


@given(people)
def test_merging_again_changes_nothing(found) -> None:
    assert merged(merged(found)) == merged(found)


def test_what_another_model_found_seconds_a_body_that_it_overlaps_or_is_a_good_part_of() -> None:
    body = person(0.2, 0.2, 0.6, 0.8)
    assert is_seconded(body, person(0.25, 0.25, 0.65, 0.85))
    assert is_seconded(body, person(0.3, 0.2, 0.5, 0.5))
    assert not is_seconded(body, person(0.3, 0.2, 0.4, 0.4)), "a head is too little"
    assert not is_seconded(body, person(0.5, 0.2, 0.9, 0.8)), "a neighbour"
