from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

import pytest
from looks import FAR, NEAR, RULES, between, face, ids, look, person, stranger, subject
from walks import at

from smartlogd.base.known import SubjectId
from smartlogd.base.who import Recognition, View, Who
from smartlogd.movement.identity import MOST_VIEWS, Being, born, liked_anew, looked_at, merged, recast

ANN, BEN = person("Ann"), person("Ben")
OLD, OTHER = stranger("old"), stranger("other")
NEW = subject("new")


def after(
    views: Iterable[View], being: Being | None = None, taken: Collection[UUID] = ()
) -> tuple[Being, list[Recognition]]:
    """The being after these looks, and all that they told."""
    being, told = being or born(NEW), []
    for view in views:
        being, more = looked_at(being, view, RULES, taken)
        told += more
    return being, told


def test_of_someone_just_born_nothing_is_known() -> None:
    being = born(NEW)
    assert (being.subject, being.person, being.views) == (NEW, None, ())
    assert being.who == Who(NEW, is_known=False)
    assert not being.is_recognised


def test_a_face_like_an_enrolled_one_is_named() -> None:
    being, told = after([look(1, (ANN, NEAR))])
    assert (being.who, being.subject, being.is_recognised) == (ANN, NEW, True)
    assert 0.5 < being.belief < 1
    (told_of,) = told
    assert (told_of.subject, told_of.person, told_of.merged_into, told_of.stamp) == (NEW, ANN.id, None, at(1))


def test_of_a_known_person_no_face_is_remembered() -> None:
    _, told = after([look(1, (ANN, NEAR), crop=b"jpeg"), look(2, (ANN, NEAR)), look(3, (ANN, NEAR), stretch=2)])
    assert [(one.templates, one.crop) for one in told] == [((), None)]


def test_a_nearer_look_at_a_named_face_makes_it_surer_and_a_poorer_one_no_less_sure() -> None:
    once, _ = after([look(1, (ANN, 0.4))])
    twice, told = after([look(2, (ANN, 0.1))], once)
    assert twice.belief > once.belief
    assert told == []
    for distance in (0.4, FAR):
        poorer, told = after([look(3, (ANN, distance), (BEN, FAR))], twice)
        assert (poorer.who, poorer.belief, told) == (ANN, twice.belief, [])


def test_a_stranger_seen_before_is_the_same_again_and_keeps_that_uuid() -> None:
    being, told = after([look(1, (OLD, NEAR), crop=b"jpeg")])
    assert (being.who, being.born, being.is_recognised) == (OLD, NEW, True)
    (told_of,) = told
    assert (told_of.subject, told_of.merged_into, told_of.person, told_of.crop) == (NEW, OLD.id, None, b"jpeg")
    (template,) = told_of.templates
    assert template.who == OLD
    assert 0.5 < being.belief < 1


def test_whom_nobody_knows_is_remembered_by_its_own_face() -> None:
    being, told = after([look(1, (ANN, FAR), (OLD, FAR), of=3, quality=0.7, crop=b"jpeg")])
    assert (being.who.id, being.is_recognised) == (NEW, False)
    (told_of,) = told
    assert (told_of.subject, told_of.person, told_of.merged_into, told_of.crop) == (NEW, None, None, b"jpeg")
    (template,) = told_of.templates
    assert (template.who, template.model, template.quality) == (Who(NEW, is_known=False), "made", 0.7)
    assert (template.vector == face(3)).all()


def test_each_look_is_remembered_under_an_id_of_its_own_and_the_same_in_every_run() -> None:
    views = [look(1, of=3), look(2, of=3), look(3, of=3)]
    names = [one.templates[0].id for one in after(views)[1]]
    assert len(set(names)) == 3
    assert names == [one.templates[0].id for one in after(views)[1]]


def test_two_recordings_that_meet_the_same_stranger_at_the_same_second_remember_two_faces() -> None:
    one, other = (after([look(1, (OLD, NEAR))], born(subject(name)))[1][0] for name in ("one", "another"))
    assert one.templates[0].who == other.templates[0].who == OLD
    assert one.templates[0].id != other.templates[0].id


def test_a_face_that_is_a_known_persons_by_itself_is_never_remembered_as_a_strangers() -> None:
    # It may be either of two, and so gets neither name.
    being, told = after([look(1, (ANN, NEAR), (BEN, NEAR), crop=b"jpeg")])
    assert being.person is None
    assert [(one.templates, one.crop) for one in told] == [((), b"jpeg")]


@pytest.mark.parametrize("into", [None, OLD])
def test_a_face_clearly_unlike_the_others_of_its_track_is_not_remembered_with_them(into: Who | None) -> None:
    # The tracker gave someone a neighbour's face for a moment.
    near = [(into, NEAR)] if into else []
    being, told = after([look(1, *near), look(2, *near, of=1), look(3, *near)])
    assert [len(one.templates) for one in told] == [1, 0, 1]
    assert being.born == NEW


def test_nobody_is_like_oneself() -> None:
    being, told = after([look(1), look(2, (Who(NEW, is_known=False), NEAR))])
    assert (being.subject, being.is_recognised) == (NEW, False)
    assert [one.merged_into for one in told] == [None, None]


def test_who_was_merged_stays_so_and_is_remembered_as_that_stranger_when_another_look_agrees() -> None:
    being, told = after([look(1, (OLD, NEAR)), look(2, (OLD, NEAR))])
    assert being.who == OLD
    assert [one.merged_into for one in told] == [OLD.id, None]
    assert [one.templates[0].who for one in told] == [OLD, OLD]


def test_who_was_merged_is_not_merged_again_and_a_look_that_disagrees_is_not_remembered() -> None:
    being, told = after([look(1, (OLD, 0.44)), look(2, (OTHER, NEAR)), look(3, (OTHER, NEAR))])
    assert being.who == OLD
    assert len(told) == 1
    being, told = after([look(1, (OLD, 0.44)), look(2, (OLD, FAR)), look(3, (OLD, FAR))])
    assert being.who == OLD
    assert len(told) == 1


def test_a_stranger_who_turns_out_to_be_enrolled_gets_the_name_and_the_uuid_it_was_born_with() -> None:
    being, told = after([look(1, (OLD, NEAR), (ANN, 0.62)), look(2, (ANN, 0.1)), look(3, (ANN, 0.1))])
    assert (being.who, being.subject) == (ANN, NEW)
    assert (told[-1].subject, told[-1].person, told[-1].merged_into) == (NEW, ANN.id, None)


def test_a_name_is_not_taken_back_by_weaker_looks_within_a_stretch() -> None:
    being, told = after([look(1, (ANN, NEAR)), *(look(2 + n, (ANN, FAR), (OLD, NEAR)) for n in range(3))])
    assert (being.who, being.born) == (ANN, NEW)
    assert len(told) == 1


def test_much_stronger_looks_at_another_within_a_stretch_begin_another_being() -> None:
    being, told = after([look(1, (ANN, 0.49), (BEN, 0.62)), *(look(2 + n, (BEN, 0.1), (ANN, FAR)) for n in range(3))])
    assert being.who == BEN
    assert being.born != NEW
    assert [(one.subject, one.person) for one in told] == [(NEW, ANN.id), (being.born, BEN.id)]


def test_a_look_at_a_stretch_that_is_over_says_nothing() -> None:
    being, _ = after([look(1, (ANN, NEAR)), look(3, (ANN, NEAR), stretch=2)])
    assert after([look(2, (BEN, NEAR), of=1, stretch=1)], being) == (being, [])


def test_a_look_at_a_doubted_stretch_that_is_over_says_nothing_either() -> None:
    being, _ = after([look(1, of=0), look(4, vector=between(0, 1, 0.56), stretch=3)])
    assert being.doubted
    assert after([look(2, (BEN, NEAR), of=1, stretch=2)], being) == (being, [])


def test_the_first_look_may_be_at_a_later_stretch() -> None:
    being, _ = after([look(5, (ANN, NEAR), stretch=4)])
    assert (being.who, being.stretch, being.born) == (ANN, 4, NEW)


@pytest.mark.parametrize("near", [(ANN, NEAR), (OLD, NEAR), None], ids=["known", "stranger", "nobody"])
def test_a_later_stretch_with_the_same_face_carries_the_being_on(near: tuple[Who, float] | None) -> None:
    likenesses = [near] if near else []
    before, _ = after([look(1, *likenesses)])
    being, told = after([look(3, *likenesses, stretch=2)], before)
    assert (being.who, being.born, being.stretch) == (before.who, NEW, 2)
    assert len(being.views) == 2
    assert all(one.subject == NEW and one.merged_into is None for one in told)


def test_a_later_stretch_with_another_face_is_another_being_of_whom_only_the_new_looks_tell() -> None:
    before, _ = after([look(1, (ANN, NEAR))])
    being, told = after([look(3, of=1, stretch=2)], before)
    assert being.born not in {NEW, before.subject}
    assert (being.person, being.stretch, len(being.views), being.doubted) == (None, 2, 1, ())
    (told_of,) = told
    assert told_of.subject == being.born
    assert (told_of.templates[0].vector == face(1)).all()


def test_another_face_that_is_known_is_named_at_once_under_a_uuid_of_its_own() -> None:
    being, told = after([look(1, (ANN, NEAR)), look(3, (BEN, NEAR), of=1, stretch=2)])
    assert being.who == BEN
    assert [(one.subject, one.person) for one in told] == [(NEW, ANN.id), (being.born, BEN.id)]
    assert being.born != NEW


def test_the_uuid_of_another_being_is_the_same_in_every_run_and_another_at_each_change() -> None:
    views = [look(1), look(3, of=1, stretch=2), look(5, of=2, stretch=3)]
    born_as = {after(views[:n])[0].born for n in (1, 2, 3)}
    assert len(born_as) == 3
    assert born_as == {after(views[:n])[0].born for n in (1, 2, 3)}


def test_who_comes_back_to_a_track_that_was_anothers_is_recognised_as_the_stranger_of_before() -> None:
    views = [look(1), look(3, of=1, stretch=2), look(5, (Who(NEW, is_known=False), NEAR), stretch=3)]
    being, _ = after(views)
    assert (being.subject, being.born == NEW) == (NEW, False)


def test_a_later_stretch_of_which_nobody_can_tell_waits_for_a_better_look() -> None:
    before, _ = after([look(1)])
    unclear = look(3, vector=between(0, 1, 0.56), stretch=2)
    waiting, told = after([unclear], before)
    assert (waiting.stretch, waiting.views, len(waiting.doubted), told) == (1, before.views, 1, [])
    same, _ = after([look(4, stretch=2)], waiting)
    assert (same.born, same.stretch, len(same.views), same.doubted) == (NEW, 2, 3, ())


def test_a_doubt_is_of_one_stretch_only() -> None:
    waiting, _ = after([look(1), look(3, vector=between(0, 1, 0.56), stretch=2)])
    again, told = after([look(5, vector=between(0, 2, 0.56), stretch=3)], waiting)
    assert ([view.stretch for view in again.doubted], told) == ([3], [])


def test_a_known_person_who_looks_a_little_unlike_before_is_the_same_by_name() -> None:
    being, told = after([look(1, (ANN, NEAR)), look(3, (ANN, 0.4), of=1, stretch=2)])
    assert (being.who, being.born, len(told)) == (ANN, NEW, 1)


def test_the_rows_of_a_stranger_get_no_name_on_a_guess() -> None:
    # A stranger, then after an occlusion a known person who is neither clearly the same face nor clearly another.
    being, told = after([look(1), look(3, (ANN, NEAR), vector=between(0, 1, 0.56), stretch=2)])
    assert being.who == ANN
    assert [(one.subject == NEW, one.person) for one in told] == [(True, None), (False, ANN.id)]


def test_nobody_is_in_two_places() -> None:
    being, told = after([look(1, (ANN, NEAR))], taken=ids([ANN]))
    assert (being.is_recognised, told) == (False, [])
    being, told = after([look(1, (OLD, NEAR))], taken=ids([OLD]))
    assert being.subject == NEW
    assert [one.merged_into for one in told] == [None]


def test_who_is_like_someone_in_view_does_not_get_the_next_best_name() -> None:
    being, told = after([look(1, (ANN, NEAR), (BEN, 0.45))], taken=ids([ANN]))
    assert (being.is_recognised, told) == (False, [])


def test_a_name_that_was_given_stays_while_another_in_view_is_taken_for_it_too() -> None:
    named, _ = after([look(1, (ANN, NEAR))])
    assert after([look(2, (ANN, NEAR))], named, taken=ids([ANN]))[0].who == ANN


def test_only_the_best_looks_are_kept_in_the_order_of_their_time() -> None:
    qualities = [0.9, 0.3, 0.8, 0.2, 0.7, 0.6, 0.5, 1.0]
    being, _ = after(look(n, quality=quality, of=0) for n, quality in enumerate(qualities))
    assert [view.quality for view in being.views] == [0.9, 0.8, 0.7, 0.6, 0.5, 1.0]
    assert len(being.views) == MOST_VIEWS


def test_who_is_merged_into_another_follows_and_so_does_what_looks_had_of_it() -> None:
    doubt = look(3, (OLD, 0.5), vector=between(0, 1, 0.56), stretch=2)
    being, _ = after([look(1, (OLD, NEAR), (OTHER, 0.5)), doubt])
    moved = merged(being, SubjectId(OLD.id), SubjectId(OTHER.id))
    assert moved.who == OTHER
    assert [(like.who, like.distance) for like in moved.views[0].likenesses] == [(OTHER, NEAR)]
    assert [like.who for like in moved.doubted[0].likenesses] == [OTHER]


def test_a_person_stays_one_when_a_stranger_is_merged() -> None:
    named, _ = after([look(1, (ANN, NEAR))])
    assert merged(named, NEW, SubjectId(OTHER.id)).who == ANN


def test_a_look_that_knew_neither_of_the_merged_stays_as_it_is() -> None:
    view = look(1, (ANN, NEAR))
    assert liked_anew(view, SubjectId(OLD.id), SubjectId(OTHER.id)) is view


class TestAfterAChangeFromOutside:
    def test_who_was_named_carries_the_name(self) -> None:
        before, _ = after([look(1)])
        being = recast(before, {NEW: ANN})
        assert (being.who, being.subject, being.belief) == (ANN, NEW, 1.0)

    def test_whoever_follows_on_the_track_of_who_was_named_does_not_inherit_the_name(self) -> None:
        before, _ = after([look(1)])
        being, _ = after([look(3, of=1, stretch=2)], recast(before, {NEW: ANN}))
        assert being.person is None
        assert being.born != NEW

    def test_who_was_named_keeps_the_name_after_an_occlusion(self) -> None:
        before, _ = after([look(1)])
        being, _ = after([look(3, stretch=2)], recast(before, {NEW: ANN}))
        assert (being.who, being.born, being.stretch) == (ANN, NEW, 2)

    def test_who_was_merged_carries_the_others_uuid(self) -> None:
        being = recast(after([look(1)])[0], {NEW: OLD})
        assert (being.who, being.born) == (OLD, NEW)

    def test_who_lost_a_name_is_a_stranger_again(self) -> None:
        named, _ = after([look(1, (ANN, NEAR))])
        being = recast(named, {NEW: Who(NEW, is_known=False)})
        assert (being.person, being.subject, being.belief) == (None, NEW, 0.0)

    @pytest.mark.parametrize("near", [ANN, OLD])
    def test_who_was_erased_goes_on_under_a_uuid_that_was_never_written(self, near: Who) -> None:
        before, _ = after([look(1, (near, NEAR))])
        being = recast(before, {})
        assert being.subject == being.born
        assert being.born not in {NEW, OLD.id}
        assert (being.person, being.views, being.is_recognised) == (None, (), False)
        assert recast(before, {}) == being

    def test_who_has_no_row_yet_is_left_alone(self) -> None:
        assert recast(born(NEW), {}) == born(NEW)

    def test_who_is_the_same_as_before_stays_so(self) -> None:
        named, _ = after([look(1, (ANN, NEAR))])
        assert recast(named, {NEW: ANN}).who == ANN
        assert recast(named, {NEW: ANN}).belief == named.belief

    @pytest.mark.parametrize("who", [ANN, OTHER, Who(NEW, is_known=False)])
    def test_of_looks_of_before_only_the_faces_stay(self, who: Who) -> None:
        # Whom they were like may be erased by now: nobody is to be taken for them.
        before, _ = after([look(1, (OLD, 0.5)), look(3, (OLD, 0.5), vector=between(0, 1, 0.56), stretch=2)])
        being = recast(before, {NEW: who})
        for old, new in ((before.views, being.views), (before.doubted, being.doubted)):
            assert len(old) == len(new) == 1
            assert (old[0].vector == new[0].vector).all()
            assert new[0].likenesses == ()
