from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from looks import FAR, NEAR, RULES, between, look, person, stranger, subject
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import EventId, Phase, SubjectId, Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.base.time import Stamp
from smartlogd.base.who import View, Who
from smartlogd.identities import FACE_SEEN, PATIENCE_S, Identities

ANN, BEN = person("Ann"), person("Ben")
OLD = stranger("old")
LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.9), Box(0.6, 0.2, 0.8, 0.9)
PLACES = (LEFT, RIGHT, Box(0.4, 0.2, 0.5, 0.9))


def track(
    number: int = 1, box: Box | None = None, *, stretch: int = 1, phase: Phase = Phase.CONFIRMED, first_s: float = 0.0
) -> Track:
    place = PLACES[(number - 1) % len(PLACES)] if box is None else box
    first = at(first_s)
    return Track(TrackId(number), Kind.PERSON, place, Point(0, 0), 1.0, 3, first, first, phase, stretch=stretch)


class Counting:
    """Ids that remember what they were minted from."""

    def __init__(self) -> None:
        self.minted: list[tuple[int, int]] = []

    def event(self, type_: str, track: TrackId | None, stamp: Stamp) -> EventId:
        raise AssertionError("nobody composes events here")

    def subject(self, track: TrackId, stamp: Stamp) -> SubjectId:
        self.minted.append((track, stamp.mono_ns))
        return subject(f"track {track}")


def who_is(number: int) -> Who:
    return Who(subject(f"track {number}"), is_known=False)


@pytest.fixture
def ids() -> Counting:
    return Counting()


@pytest.fixture
def known(ids: Counting) -> Identities:
    return Identities(ids, RULES)


def told(
    known: Identities, *views: View, alive: Sequence[Track] = (track(),), now_s: float | None = 1.0
) -> list[tuple[str, int, float]]:
    """The faces that were told of: what, of which track, at which second."""
    news = known.learn(views, alive, None if now_s is None else at(now_s))
    return [(seen.what, seen.track, seen.start.mono_ns / 1e9) for seen in news.seen]


class TestWhoseTrackItIs:
    def test_a_track_gets_its_subject_once_from_its_first_stamp(self, known: Identities, ids: Counting) -> None:
        alive = (track(3, first_s=3.0),)
        assert known.of(TrackId(3), alive, at(99)) == known.of(TrackId(3), (), at(99))
        assert ids.minted == [(3, 3 * 10**9)]

    def test_a_track_that_is_gone_already_gets_a_subject_too(self, known: Identities, ids: Counting) -> None:
        assert known.of(TrackId(3), (), at(7)).subject == subject("track 3")
        assert ids.minted == [(3, 7 * 10**9)]

    @pytest.mark.parametrize("most", [1, 5])
    def test_beings_of_the_living_are_never_forgotten_and_the_others_are_bounded(
        self, ids: Counting, most: int
    ) -> None:
        known = Identities(ids, RULES, most)
        kept = known.of(TrackId(1), (track(1),), at(0))
        for number in range(2, 50):
            known.of(TrackId(number), (track(1), track(number)), at(0))
            known.learn([look(1, (OLD, NEAR), track=number)], (track(1), track(number)), at(1))
        assert known.of(TrackId(1), (track(1),), at(0)) == kept
        assert len(known._beings) <= max(most, 2)
        assert len(known.whom) <= max(most, 2)
        assert len(known._told) + len(known._untold) <= 2 * max(most, 2)

    def test_everybody_is_somebody_known_or_not(self, known: Identities) -> None:
        alive = (track(1), track(2), track(3))
        for one in alive:
            known.of(one.id, alive, at(0))
        known.learn([look(1, (ANN, NEAR), track=1), look(1, (OLD, NEAR), track=2, of=1)], alive, at(1))
        assert dict(known.whom) == {1: ANN, 2: OLD, 3: who_is(3)}

    def test_a_stranger_on_two_tracks_is_one_also_when_the_first_was_a_first_visit(self, known: Identities) -> None:
        known.learn([look(1)], (track(1),), at(1))
        known.learn([look(5, (who_is(1), NEAR), track=2)], (track(2),), at(5))
        assert known.whom[TrackId(1)] == known.whom[TrackId(2)] == who_is(1)

    def test_the_subjects_are_those_that_rows_carry(self, known: Identities) -> None:
        assert known.subjects == frozenset()
        known.learn([look(1, (OLD, NEAR)), look(1, (ANN, NEAR), track=2)], (track(1), track(2)), at(1))
        assert known.subjects == {OLD.id, subject("track 2")}


class TestFacesSeen:
    def test_a_known_face_is_told_of_at_once_and_only_once(self, known: Identities) -> None:
        assert told(known, look(1, (ANN, NEAR))) == [(FACE_SEEN, 1, 1.0)]
        assert told(known, look(2, (ANN, NEAR)), now_s=2) == []
        assert told(known, now_s=9) == []

    def test_a_strangers_too(self, known: Identities) -> None:
        assert told(known, look(1, (OLD, NEAR))) == [(FACE_SEEN, 1, 1.0)]

    def test_how_sure_it_is_is_told_for_the_known_and_how_good_the_look_was_for_the_unknown(
        self, known: Identities
    ) -> None:
        news = known.learn([look(1, (ANN, NEAR)), look(1, track=2, of=1, quality=0.6)], (track(1), track(2)))
        assert [seen.confidence for seen in news.seen] == [known.of(TrackId(1), (), at(0)).belief, 0.6]

    def test_an_unknown_face_is_told_of_once_there_was_time_to_know_it(self, known: Identities) -> None:
        assert told(known, look(1), now_s=1.2) == []
        assert told(known, now_s=1 + PATIENCE_S - 0.1) == []
        assert told(known, now_s=1 + PATIENCE_S) == [(FACE_SEEN, 1, 1.0)]
        assert told(known, look(4), now_s=9) == []

    def test_an_unknown_face_is_told_of_sooner_when_it_is_gone(self, known: Identities) -> None:
        assert told(known, look(1), now_s=1.2) == []
        assert told(known, alive=(), now_s=1.3) == [(FACE_SEEN, 1, 1.0)]

    def test_at_the_end_nothing_is_waited_for(self, known: Identities) -> None:
        assert told(known, look(1), now_s=None) == [(FACE_SEEN, 1, 1.0)]
        assert told(known, now_s=None) == []

    def test_who_is_known_at_the_second_look_is_told_of_once(self, known: Identities) -> None:
        assert told(known, look(1), now_s=1.2) == []
        assert told(known, look(2, (ANN, 0.1)), now_s=2.2) == [(FACE_SEEN, 1, 2.0)]
        assert told(known, now_s=9) == []

    def test_who_turns_out_to_be_someone_after_all_is_told_of_again(self, known: Identities) -> None:
        assert told(known, look(1), now_s=9) == [(FACE_SEEN, 1, 1.0)]
        assert told(known, look(10, (ANN, 0.1)), now_s=10) == [(FACE_SEEN, 1, 10.0)]

    def test_another_face_on_the_same_track_is_told_of_for_itself(self, known: Identities) -> None:
        assert told(known, look(1, (ANN, NEAR)), now_s=1) == [(FACE_SEEN, 1, 1.0)]
        assert told(known, look(5, of=1, stretch=2), now_s=5) == []
        assert told(known, now_s=8) == [(FACE_SEEN, 1, 5.0)]

    def test_a_face_nobody_knew_is_not_told_of_as_the_one_who_came_after_it(self, known: Identities) -> None:
        assert told(known, look(1), now_s=1) == []
        assert told(known, look(2, of=1, stretch=2), now_s=2) == []
        assert told(known, now_s=9) == [(FACE_SEEN, 1, 2.0)]


class TestTwoInView:
    def test_nobody_is_in_two_places(self, known: Identities) -> None:
        alive = (track(1), track(2))
        known.learn([look(1, (ANN, NEAR)), look(1, (ANN, NEAR), track=2, of=1)], alive, at(1))
        assert known.whom == {1: ANN, 2: who_is(2)}

    def test_but_one_body_may_have_two_tracks(self, known: Identities) -> None:
        alive = (track(1, LEFT), track(2, Box(0.1, 0.2, 0.32, 0.9)))
        known.learn([look(1, (ANN, NEAR)), look(1, (ANN, NEAR), track=2)], alive, at(1))
        assert known.whom == {1: ANN, 2: ANN}

    @pytest.mark.parametrize("phase", [Phase.LOST, Phase.TENTATIVE])
    def test_who_is_not_seen_may_come_back_on_another_track(self, known: Identities, phase: Phase) -> None:
        known.learn([look(1, (ANN, NEAR))], (track(1),), at(1))
        known.learn([look(2, (ANN, NEAR), track=2)], (track(1, phase=phase), track(2)), at(2))
        assert known.whom[TrackId(2)] == ANN

    def test_a_look_at_a_track_that_is_gone_gives_no_name_that_another_has(self, known: Identities) -> None:
        known.learn([look(1, (ANN, NEAR), track=2)], (track(2),), at(1))
        known.learn([look(1, (ANN, NEAR), track=1)], (track(2),), at(2))
        assert known.whom == {1: who_is(1), 2: ANN}

    def test_a_track_that_was_never_looked_at_takes_nobody(self, known: Identities) -> None:
        known.learn([look(1, (ANN, NEAR), track=2)], (track(1), track(2)), at(1))
        assert known.whom == {2: ANN}

    def test_two_known_people_whose_tracks_were_exchanged_get_their_own_names_back(self, known: Identities) -> None:
        before = (track(1), track(2))
        known.learn([look(1, (ANN, NEAR)), look(1, (BEN, NEAR), of=1, track=2)], before, at(1))
        after = (track(1, stretch=2), track(2, stretch=2))
        first = known.learn([look(3, (BEN, NEAR), of=1, stretch=2)], after, at(3))
        second = known.learn([look(3.2, (ANN, NEAR), stretch=2, track=2)], after, at(3.3))
        assert known.whom == {1: BEN, 2: ANN}
        named = [one.person for news in (first, second) for one in news.recognitions]
        assert named == [BEN.id, ANN.id]
        assert subject("track 1") not in known.subjects
        assert subject("track 2") not in known.subjects


class TestMergers:
    def test_whom_a_stranger_was_taken_for_is_followed_when_that_one_is_someone_else(self, known: Identities) -> None:
        # Track 3 is the one of track 2, which then turns out to be the stranger of old.
        alive = (track(2), track(3, phase=Phase.LOST))
        known.learn([look(1, track=2)], (track(2),), at(1))
        known.learn([look(2, (who_is(2), NEAR), track=3)], (track(2, phase=Phase.LOST), track(3)), at(2))
        known.learn([look(3, (OLD, 0.1), track=2)], alive, at(3))
        assert known.whom == {2: OLD, 3: OLD}

    def test_two_strangers_are_never_merged_into_each_other(self, known: Identities) -> None:
        # Both were looked at in the same moment, and each look has the other's face.
        alive = (track(1, phase=Phase.LOST), track(2, phase=Phase.LOST))
        known.learn([look(1, of=3, track=1), look(1, of=3, track=2)], alive, at(1))
        news = known.learn(
            [look(2, (who_is(2), NEAR), of=3, track=1), look(2, (who_is(1), NEAR), of=3, track=2)], alive, at(2)
        )
        mergers = [(one.subject, one.merged_into) for one in news.recognitions if one.merged_into]
        assert mergers == [(subject("track 1"), subject("track 2"))]
        assert known.whom == {1: who_is(2), 2: who_is(2)}

    def test_what_an_earlier_look_had_of_a_merged_stranger_merges_nobody_into_themselves(
        self, known: Identities
    ) -> None:
        gone = (track(1, phase=Phase.LOST),)
        known.learn([look(1, (who_is(2), 0.5), of=3, track=1), look(1, of=3, track=2)], gone, at(1))
        known.learn([look(2, (who_is(1), 0.1), of=3, track=2)], gone, at(2))
        assert known.whom[TrackId(2)] == who_is(1)
        news = known.learn([look(3, (who_is(2), 0.5), of=3, track=1)], gone, at(3))
        assert [one.merged_into for one in news.recognitions] == [None]
        assert known.whom[TrackId(1)] == who_is(1)


class TestChangesFromOutside:
    def answer(self, known: Identities, pairs: Iterable[tuple[int, Who]]) -> None:
        known.recast({subject(f"track {number}"): who for number, who in pairs})

    def test_who_was_named_is_so_from_now_on_and_not_told_of_again(self, known: Identities) -> None:
        told(known, look(1), now_s=9)
        self.answer(known, [(1, ANN)])
        assert known.whom == {1: ANN}
        assert told(known, look(10, (ANN, NEAR)), now_s=10) == []

    def test_who_was_forgotten_goes_on_as_nobody(self, known: Identities) -> None:
        told(known, look(1, (ANN, NEAR)))
        known.recast({})
        (who,) = known.whom.values()
        assert not who.is_known
        assert who.id != subject("track 1")
        assert known.subjects == {who.id}

    def test_a_name_from_outside_does_not_pass_to_who_comes_next_on_the_track(self, known: Identities) -> None:
        told(known, look(1))
        self.answer(known, [(1, ANN)])
        told(known, look(5, of=1, stretch=2), alive=(track(stretch=2),))
        (who,) = known.whom.values()
        assert not who.is_known

    def test_an_unclear_look_after_an_occlusion_changes_nothing(self, known: Identities) -> None:
        told(known, look(1, (ANN, NEAR)))
        told(known, look(5, (ANN, FAR), vector=between(0, 1, 0.56), stretch=2), alive=(track(stretch=2),))
        assert known.whom == {1: ANN}
