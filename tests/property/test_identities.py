"""Whatever looks come in, in whatever order: who is who stays one story that makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from looks import RULES, face, person, stranger
from walks import at

from smartlogd.base.geometry import Box, Point
from smartlogd.base.ids import ReplayIds
from smartlogd.base.known import Phase, SubjectId, Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.base.who import Embedding, Likeness, Recognition, Template, View, Who
from smartlogd.identify.gallery import Gallery
from smartlogd.identities import FACE_SEEN, Identities, News

TRACKS = 4
PLACES = tuple(Box(0.25 * place, 0.2, 0.25 * place + 0.2, 0.9) for place in range(TRACKS))
ENROLLED = {person("Ann"): 0, person("Ben"): 1}
MET = {stranger("old"): 2}


@dataclass(frozen=True)
class Moment:
    """One frame: each track's phase and stretch, and the faces that were looked at: which track shows which face."""

    phases: tuple[Phase, ...]
    stretches: tuple[int, ...]
    looks: tuple[tuple[int, int, float, float, int], ...]


@st.composite
def stories(draw: st.DrawFn) -> tuple[Moment, ...]:
    """Up to twelve moments; stretches only ever rise, looks may come late, and any track may show any face."""
    phases = st.sampled_from((Phase.CONFIRMED, Phase.CONFIRMED, Phase.LOST))
    one_look = st.tuples(
        st.integers(0, TRACKS - 1),
        st.integers(0, 4),
        st.sampled_from((0.0, 0.2, 0.35, 0.45, 0.55, 0.7)),
        st.sampled_from((0.3, 0.6, 1.0)),
        st.integers(0, 1),
    )
    stretches, told = [1] * TRACKS, []
    for _ in range(draw(st.integers(1, 12))):
        stretches = [stretch + draw(st.sampled_from((0, 0, 1))) for stretch in stretches]
        looks = draw(st.lists(one_look, max_size=3, unique_by=lambda each: each[0]))
        told.append(Moment(tuple(draw(phases) for _ in range(TRACKS)), tuple(stretches), tuple(looks)))
    return tuple(told)


class House:
    """Who is who, with a gallery that learns as the pipeline lets it."""

    def __init__(self) -> None:
        self.known = Identities(ReplayIds("0" * 64), RULES)
        self.gallery = Gallery([_template(who, number) for who, number in {**ENROLLED, **MET}.items()])
        self.news: list[News] = []
        self.alive: tuple[Track, ...] = ()

    def live(self, moment: Moment, number: int) -> News:
        """One frame on."""
        self.alive = tuple(_track(place, moment) for place in range(TRACKS))
        views = [self._view(moment, number, *each) for each in moment.looks]
        news = self.known.learn(views, self.alive, at(number))
        for told in news.recognitions:
            self._remember(told)
        self.news.append(news)
        return news

    def _view(self, moment: Moment, number: int, place: int, of: int, aside: float, quality: float, late: int) -> View:
        vector, stretch = _shown(of, aside), max(1, moment.stretches[place] - late)
        near = self.gallery.nearest(vector)
        return View(TrackId(place + 1), stretch, at(number), "made", vector, quality, near)

    def _remember(self, told: Recognition) -> None:
        faces = list(self.gallery.templates)
        if told.person is not None:
            faces = [one for one in faces if one.who.id != told.subject]
        if told.merged_into is not None:
            who = Who(told.merged_into, is_known=False)
            faces = [
                Template(one.id, who, one.model, one.vector, one.quality) if one.who.id == told.subject else one
                for one in faces
            ]
        self.gallery = Gallery([*faces, *told.templates])


def _shown(of: int, aside: float) -> Embedding:
    """Face `of`, moved a little: as two pictures of one face are."""
    return face(of, aside)


def _template(who: Who, number: int) -> Template:
    return Template(who.id, who, "made", face(number), 1.0)


def _track(place: int, moment: Moment) -> Track:
    return Track(
        TrackId(place + 1),
        Kind.PERSON,
        PLACES[place],
        Point(0, 0),
        1.0,
        9,
        at(0),
        at(0),
        moment.phases[place],
        stretch=moment.stretches[place],
    )


def lived(story: Sequence[Moment]) -> House:
    house = House()
    for number, moment in enumerate(story, start=1):
        house.live(moment, number)
    house.news.append(house.known.learn((), house.alive, None))
    return house


def learnt(house: House) -> list[Recognition]:
    return [one for news in house.news for one in news.recognitions]


@given(stories())
def test_a_merger_never_leads_back_to_where_it_began(story: tuple[Moment, ...]) -> None:
    into: dict[SubjectId, SubjectId] = {}
    for one in learnt(lived(story)):
        if one.merged_into is None:
            continue
        assert one.subject not in into, "nobody is merged twice"
        into[one.subject] = one.merged_into
        walked, at_ = {one.subject}, one.merged_into
        while at_ in into:
            assert at_ not in walked
            walked.add(at_)
            at_ = into[at_]
        assert at_ not in walked


@given(stories())
def test_nobody_is_given_the_name_of_someone_who_is_in_view_elsewhere(story: tuple[Moment, ...]) -> None:
    house = House()
    for number, moment in enumerate(story, start=1):
        before = dict(house.known.whom)
        news = house.live(moment, number)
        named = [one.person for one in news.recognitions if one.person is not None]
        looked = {place + 1 for place, *_ in moment.looks}
        for track in house.alive:
            sure = (
                moment.phases[track.id - 1] is Phase.CONFIRMED
                and house.known.of(track.id, house.alive, at(0)).stretch == moment.stretches[track.id - 1]
            )
            if sure and track.id not in looked and track.id in before and before[track.id].is_known:
                assert before[track.id].id not in named


@given(stories())
def test_whatever_is_learnt_is_of_one_who_is_there_and_is_one_thing(story: tuple[Moment, ...]) -> None:
    for one in learnt(lived(story)):
        assert one.subject is not None
        assert one.person is None or (one.merged_into is None and not one.templates)
        assert all(not template.who.is_known for template in one.templates)
        assert one.person is None or one.person in {who.id for who in ENROLLED}


@given(stories())
def test_everybody_has_a_subject_and_a_person_is_never_anothers_uuid(story: tuple[Moment, ...]) -> None:
    house = lived(story)
    merged_into = {one.merged_into for one in learnt(house)}
    for track in house.alive:
        being = house.known.of(track.id, house.alive, at(0))
        assert being.subject is not None
        assert being.subject == being.born or being.subject in merged_into
        assert being.person is None or being.subject == being.born
        assert house.known.whom[track.id] == being.who
        assert 0 <= being.belief <= 1


@given(stories())
def test_each_remembered_face_has_an_id_of_its_own(story: tuple[Moment, ...]) -> None:
    names = [template.id for one in learnt(lived(story)) for template in one.templates]
    assert len(names) == len(set(names))


@given(stories())
def test_no_face_of_one_who_is_clearly_known_is_ever_remembered_as_a_strangers(story: tuple[Moment, ...]) -> None:
    for one in learnt(lived(story)):
        for template in one.templates:
            clearly = [number for number in ENROLLED.values() if (template.vector == face(number)).all()]
            assert clearly == []


@given(stories())
def test_every_face_that_was_looked_at_is_told_of_at_the_end(story: tuple[Moment, ...]) -> None:
    house = lived(story)
    looked = {place + 1 for moment in story for place, *_ in moment.looks}
    seen = [one for news in house.news for one in news.seen]
    assert {one.track for one in seen} == looked
    assert all(one.what == FACE_SEEN and 0 <= one.confidence <= 1 for one in seen)


@given(stories())
def test_two_runs_tell_the_same(story: tuple[Moment, ...]) -> None:
    def told(house: House) -> list[object]:
        return [
            (one.subject, one.person, one.merged_into, [(t.id, t.who) for t in one.templates]) for one in learnt(house)
        ] + [news.seen for news in house.news]

    one, other = lived(story), lived(story)
    assert told(one) == told(other)
    assert one.known.whom == other.known.whom


def test_likenesses_in_these_stories_are_what_their_faces_say() -> None:
    house = House()
    near = house.gallery.nearest(face(0))
    assert near[0] == Likeness(person("Ann"), 0.0)
    assert all(like.distance > 0.99 for like in near[1:])
