"""The trial's protocol, on made faces of which it is known who is who."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from smartlogd.base.who import DIMENSIONS, View, Who
from smartlogd.identify.trial import ENROLLED, VOTING, Photo, tried


def shots(person: str, axis: int, count: int, blur: float = 0.05) -> list[Photo]:
    """Photographs of someone: points about one of their own."""
    rng = np.random.default_rng(axis)
    middle = np.zeros(DIMENSIONS)
    middle[axis] = 1
    return [
        Photo(person, (middle + rng.normal(0, blur / 11, DIMENSIONS)).astype(np.float32), 0.9) for _ in range(count)
    ]


def crowd(*counts: int) -> list[Photo]:
    return [photo for axis, count in enumerate(counts) for photo in shots(f"p{axis}", axis, count)]


def nearest(views: Sequence[View]) -> Who | None:
    """Whoever is within 0.5 on the first look."""
    near = views[0].likenesses[:1]
    return near[0].who if near and near[0].distance < 0.5 else None


def someone(views: Sequence[View]) -> Who | None:
    return views[0].likenesses[0].who if views[0].likenesses else None


def nobody(_views: Sequence[View]) -> Who | None:
    return None


def test_faces_that_lie_apart_are_all_told_apart() -> None:
    outcome = tried(crowd(7, 7, 7, 7), nearest, rounds=5, seed=1)
    for rates in (outcome.single, outcome.voted):
        assert rates.as_json()["identified"] == 1
        assert rates.as_json()["strangers_named"] == 0
        assert rates.as_json()["wrong"] == 0


def test_who_names_everybody_names_every_stranger() -> None:
    said = tried(crowd(7, 7, 7, 7), someone, rounds=3, seed=1).single.as_json()
    assert said["strangers_named"] == 1
    assert said["identified"] == 1


def test_who_names_nobody_is_never_wrong_and_knows_nobody() -> None:
    said = tried(crowd(7, 7, 7, 7), nobody, rounds=3, seed=1).single.as_json()
    assert (said["identified"], said["wrong"], said["strangers_named"]) == (0, 0, 0)


def test_a_known_person_who_is_called_by_another_s_name_is_not_identified_but_wrong() -> None:
    def farthest(views: Sequence[View]) -> Who | None:
        return views[0].likenesses[-1].who

    said = tried(crowd(7, 7, 7, 7), farthest, rounds=3, seed=1).single.as_json()
    assert (said["identified"], said["wrong"]) == (0, 1)


def test_half_of_those_with_four_photographs_are_known_and_all_others_are_strangers() -> None:
    outcome = tried(crowd(5, 5, 5, 5, 3, 1), nobody, rounds=1, seed=3)
    assert outcome.single.known == 2 * (5 - ENROLLED)
    assert outcome.single.strangers == 2 * 5 + 3 + 1


def test_three_at_a_time_vote_of_people_with_six() -> None:
    asked: list[int] = []

    def noting(views: Sequence[View]) -> Who | None:
        asked.append(len(views))
        return None

    outcome = tried(crowd(6, 9, 5, 2), noting, rounds=1, seed=3)
    assert set(asked) == {1, VOTING}
    assert outcome.voted.known in {1, 2}  # of the two who have six or more, one is known
    assert outcome.voted.known + outcome.voted.strangers == asked.count(VOTING)
    assert outcome.voted.strangers in {2 + 1, 3 + 1}  # what is left of three is not asked about


def test_no_photograph_that_someone_is_known_by_is_asked_about() -> None:
    def doubled(views: Sequence[View]) -> Who | None:
        assert all(like.distance > 0 for view in views for like in view.likenesses)
        return None

    tried(crowd(7, 7, 7), doubled, rounds=5, seed=2)


def test_the_same_seed_gives_the_same_figures_and_another_divides_anew() -> None:
    photos = [photo for axis in range(8) for photo in shots(f"p{axis}", axis, 6, blur=0.42)]
    first, again = (tried(photos, nearest, rounds=2, seed=5) for _ in range(2))
    assert first == again
    others = {str(tried(photos, nearest, rounds=2, seed=seed)) for seed in range(8)}
    assert len(others) > 1


@pytest.mark.parametrize("photos", [[], crowd(3, 3, 1)])
def test_without_anybody_to_know_there_are_no_shares_of_known_people(photos: list[Photo]) -> None:
    said = tried(photos, someone, rounds=2, seed=0).single.as_json()
    assert said["identified"] is None
    assert said["looks_at_known"] == 0
