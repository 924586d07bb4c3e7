"""Whom a track is taken for: one being, as looks at its face come in.

A being is born with a subject of its own. Looks at its face make it a known person, a stranger who was here before
(whose subject it then shares), or a stranger to be remembered. Within one stretch a track is one being; after an
occlusion or a near-tie its face is asked anew, and one that disagrees begins another being.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from smartlogd.base.known import PersonId, SubjectId
from smartlogd.base.who import Likeness, Recognition, Template, View, Who
from smartlogd.movement.vote import Verdict, VoteRules, same, verdict

MOST_VIEWS = 6
"""The best looks that are kept of a being; a stretch has at most three."""


@dataclass(frozen=True, slots=True)
class Being:
    """Whom one track is taken for.

    Its rows carry `subject`: the one it was `born` with, or the stranger's it turned out to be. `person` is its name,
    once known. `views` are the looks that count, of stretches up to `stretch`; `doubted` are those of a later stretch
    which have not yet agreed or disagreed with them. `belief` is how sure it is who that is, 0..1.
    """

    born: SubjectId
    subject: SubjectId
    person: PersonId | None = None
    belief: float = 0.0
    stretch: int = 1
    views: tuple[View, ...] = ()
    doubted: tuple[View, ...] = ()

    @property
    def who(self) -> Who:
        """Who it is to the log: the person, else the subject."""
        return Who(self.person, is_known=True) if self.person else Who(self.subject, is_known=False)

    @property
    def is_recognised(self) -> bool:
        """Whether it is someone who was here before: a person, or a stranger."""
        return self.person is not None or self.subject != self.born


def born(subject: SubjectId) -> Being:
    """Someone of whom nothing is known yet."""
    return Being(subject, subject)


def looked_at(
    being: Being, view: View, rules: VoteRules, taken: Collection[UUID] = ()
) -> tuple[Being, tuple[Recognition, ...]]:
    """The being after one more look at its face, and what that tells about subjects.

    `taken` are people and strangers that others in view are: nobody is in two places. A look at a stretch that is over
    says nothing any more.
    """
    if view.stretch < max((being.stretch, *(doubt.stretch for doubt in being.doubted))):
        return being, ()
    if view.stretch == being.stretch or not being.views:
        kept = _best((*being.views, view))
        return _settled(replace(being, stretch=view.stretch, views=kept), view, rules, taken)
    return _compared(being, view, rules, taken)


def _compared(
    being: Being, view: View, rules: VoteRules, taken: Collection[UUID]
) -> tuple[Being, tuple[Recognition, ...]]:
    """A later stretch: the same face carries the being on, another begins a new one, and who can tell waits."""
    doubted = (*(earlier for earlier in being.doubted if earlier.stretch == view.stretch), view)
    agrees = _agrees(being, doubted, rules, taken)
    if agrees is None:
        return replace(being, doubted=doubted), ()
    if agrees:
        kept = _best((*being.views, *doubted))
        return _settled(replace(being, stretch=view.stretch, views=kept, doubted=()), view, rules, taken)
    return _split(being, doubted, view, rules, taken)


def _agrees(being: Being, doubted: tuple[View, ...], rules: VoteRules, taken: Collection[UUID]) -> bool | None:
    """Whether the newer looks show the one of the older; by name where both have one.

    Someone who is known by name now, and nobody can say whether they were it before, is begun anew: the rows of
    a stranger get no name on a guess.
    """
    named = verdict(_without(doubted, taken), rules).who
    is_named = named is not None and named.is_known
    if being.person is not None and named is not None and is_named:
        return named.id == being.person
    is_same = same(being.views, doubted, rules)
    return False if is_same is None and is_named else is_same


def _split(
    being: Being, views: tuple[View, ...], view: View, rules: VoteRules, taken: Collection[UUID]
) -> tuple[Being, tuple[Recognition, ...]]:
    """Someone else, of whom only `views` tell; its subject follows from the one it was taken for (RFC 9562, 5.5)."""
    subject = SubjectId(uuid5(being.born, f"another:{views[0].stamp.mono_ns}"))
    return _settled(Being(subject, subject, stretch=view.stretch, views=views), view, rules, taken)


def _settled(
    being: Being, view: View, rules: VoteRules, taken: Collection[UUID]
) -> tuple[Being, tuple[Recognition, ...]]:
    """What all looks together say; a name once given within a stretch is not taken back by a weaker look.

    Who is like a person that someone else in view is gets no name, neither theirs nor the next best; and no face of
    theirs is remembered as a stranger's.
    """
    said = verdict(_without(being.views, {*taken, being.born}), rules)
    if said.who is not None and said.who.is_known:
        return (being, ()) if said.who.id in taken else _named(being, said, view, rules, taken)
    if being.person is not None:
        return being, ()
    if said.who is not None and being.subject == being.born:
        into = SubjectId(said.who.id)
        being = replace(
            being, subject=into, belief=_sureness(said.belief, rules.doubt_distance - rules.stranger_distance)
        )
        return being, (_remembered(being, view, rules, merged_into=into),)
    if being.subject != being.born and (said.who is None or said.who.id != being.subject):
        return being, ()
    return being, (_remembered(being, view, rules),)


def _named(
    being: Being, said: Verdict, view: View, rules: VoteRules, taken: Collection[UUID]
) -> tuple[Being, tuple[Recognition, ...]]:
    """Known people are not remembered anew: their gallery is what they were enrolled with."""
    sure = _sureness(said.belief, rules.doubt_distance - rules.known_distance)
    if said.who is None or (being.person is not None and said.who.id == being.person):
        return replace(being, belief=max(being.belief, sure)), ()
    if being.person is not None:
        return _split(being, (view,), view, rules, taken)
    person = PersonId(said.who.id)
    being = replace(being, subject=being.born, person=person, belief=sure)
    return being, (Recognition(being.born, view.stamp, person=person),)


def _sureness(belief: float, least: float) -> float:
    """A belief as a share of 1: half where it just suffices, three quarters at twice that.

    >>> _sureness(0.1, 0.1), _sureness(0.3, 0.1)
    (0.5, 0.875)
    """
    return round(1 - 2 ** (-max(0.0, belief) / least), 4) if least > 0 else 1.0


def _remembered(being: Being, view: View, rules: VoteRules, merged_into: SubjectId | None = None) -> Recognition:
    """A face to know the stranger by the next time, where it is surely the stranger's."""
    who = Who(being.subject, is_known=False)
    name = uuid5(being.born, f"face:{view.stamp.mono_ns}")
    faces = (Template(name, who, view.model, view.vector, view.quality),) if _is_its_own(being, view, rules) else ()
    return Recognition(being.born, view.stamp, merged_into=merged_into, templates=faces, crop=view.crop)


def _is_its_own(being: Being, view: View, rules: VoteRules) -> bool:
    """Whether a face is like no known person's, nor unlike all others of its track: two would be one stranger later."""
    if any(like.who.is_known and like.distance < rules.known_distance for like in view.likenesses):
        return False
    others = [other for other in being.views if other is not view]
    return not others or any(same([other], [view], rules) is not False for other in others)


def _without(views: tuple[View, ...], others: Collection[UUID]) -> tuple[View, ...]:
    """The looks without their likeness to these strangers: to itself, and to who is seen elsewhere.

    Known people stay: a rival who is left out would let the next best win.
    """
    return tuple(
        replace(
            view, likenesses=tuple(like for like in view.likenesses if like.who.is_known or like.who.id not in others)
        )
        for view in views
    )


def _best(views: tuple[View, ...]) -> tuple[View, ...]:
    """The best looks, in the order of their time."""
    best = sorted(views, key=lambda view: -view.quality)[:MOST_VIEWS]
    return tuple(sorted(best, key=lambda view: view.stamp.mono_ns))


def merged(being: Being, one: SubjectId, into: SubjectId) -> Being:
    """The being after a stranger turned out to be another: it, and whom it was like, follow."""
    return replace(
        being,
        subject=into if being.subject == one and being.person is None else being.subject,
        views=tuple(liked_anew(view, one, into) for view in being.views),
        doubted=tuple(liked_anew(view, one, into) for view in being.doubted),
    )


def liked_anew(view: View, one: SubjectId, into: SubjectId) -> View:
    """The look, what it had of one stranger being another's; that one's likeness is the nearer of both."""
    if all(like.who.id != one for like in view.likenesses):
        return view
    who = Who(into, is_known=False)
    nearest: dict[Who, Likeness] = {}
    for like in view.likenesses:
        nearest.setdefault(
            who if like.who.id == one else like.who, replace(like, who=who) if like.who.id == one else like
        )
    return replace(view, likenesses=tuple(nearest.values()))


def recast(being: Being, answers: Mapping[SubjectId, Who]) -> Being:
    """The being after someone named, merged or forgot subjects: `answers` says who they are by now.

    A subject without an answer has no row yet; but a person's, or a recognised stranger's, was erased, and must not
    be written again. Of the looks only the faces stay, to tell a later stretch by: whom they were like may be someone
    else by now, or forgotten.
    """
    who = answers.get(being.subject)
    if who is None and being.is_recognised:
        subject = SubjectId(uuid5(being.born, "erased"))
        return Being(subject, subject, stretch=being.stretch)
    being = replace(being, views=_faces_of(being.views), doubted=_faces_of(being.doubted))
    if who is None or who == being.who:
        return being
    if who.is_known:
        return replace(being, person=PersonId(who.id), belief=1.0)
    return replace(being, subject=SubjectId(who.id), person=None, belief=0.0)


def _faces_of(views: tuple[View, ...]) -> tuple[View, ...]:
    return tuple(replace(view, likenesses=()) for view in views)
