from __future__ import annotations

from dataclasses import replace

from beings import DOG, HERE, being, count, live, near, span, spans
from walks import at

from smartlogd.base.known import Phase, Track
from smartlogd.base.seen import Kind
from smartlogd.movement.doing import (
    Setting,
    absent,
    away,
    finished,
    going_on,
    has_begun,
    inherited,
    lived,
    met,
    unwatched,
)
from smartlogd.movement.fetch import Fetch, State
from smartlogd.movement.hold import Spell
from smartlogd.movement.rules import BehaviourRules
from smartlogd.movement.stay import Stay

RULES = BehaviourRules()


def seated(end: float = 5.0):  # type: ignore[no-untyped-def]
    """Someone who has sat since 0."""
    doing = met(being(0, HERE))
    for frame in span(0, end, lambda t: being(t, HERE, "sit")):
        doing, _ = lived(doing, frame.tracks[0], Setting(at(frame.t), (), RULES, 1.0))
    return doing


def test_who_is_there_sits_and_is_calm_at_once() -> None:
    doing = seated()
    assert [one.what for one in going_on(doing)] == ["person_entered", "sit", "calm"]
    assert has_begun(doing)
    assert [(one.what, one.end) for one in finished(doing)] == [
        ("person_entered", at(4.9)),
        ("sit", at(4.9)),
        ("calm", at(4.9)),
    ]


def test_who_is_met_does_nothing_yet() -> None:
    new = met(being(0))
    assert (going_on(new), finished(new), has_begun(new)) == ((), (), False)


def test_who_is_no_track_any_more_is_not_there_but_may_go_on_sitting() -> None:
    gone, said = away(seated())
    assert [one.what for one in said] == ["person_entered", "calm"]
    assert [one.what for one in going_on(gone)] == ["sit"]
    still, said = absent(gone, at(9.8), RULES)
    assert (still, said) == (gone, ())
    nobody, said = absent(gone, at(10.0), RULES)
    assert nobody is None
    assert [(one.what, one.end) for one in said] == [("sit", at(4.9))]


def test_who_is_out_fetching_is_waited_for_longer() -> None:
    gone, _ = away(seated())
    out = replace(gone, fetch=Fetch(State.OUT, set_out=at(4.0), is_quick=True))
    still, said = absent(out, at(12.0), RULES)
    assert [one.what for one in said] == ["sit"]
    assert still is not None
    assert (still.posture, still.fetch) == (Spell(), out.fetch)
    nobody, said = absent(still, at(14.1), RULES)
    assert nobody is None
    assert [(one.what, one.data["success"]) for one in said] == [("fetch_return", False)]


def test_the_heir_goes_on_with_everything_but_being_there_and_calm() -> None:
    gone, _ = away(seated())
    heir = inherited(gone, met(being(7.0, HERE, id_=2)))
    assert (heir.track, heir.stay, heir.trace, heir.posture) == (2, None, None, gone.posture)


def test_after_a_while_unwatched_somebody_comes_anew() -> None:
    left = unwatched(seated())
    assert left.stay == Stay(None, at(4.9))
    _, said = lived(left, being(30.0, HERE), Setting(at(30.0), (), RULES, 1.0))
    assert [(one.what, one.start) for one in said] == [("person_entered", at(30.0))]


def test_who_is_lost_for_long_lets_go_of_each_thing_in_its_time() -> None:
    lost = span(0, 10, lambda t: being(t, HERE, "sit")) + span(10, 30, lambda t: being(t, HERE, last=9.9))
    said = live(lost, is_over=False)
    assert spans(said, "calm") == spans(said, "person_entered") == spans(said, "sit") == [(0.0, 9.9)]
    ends = [one.what for one in said if one.end is not None]
    assert ends == ["calm", "person_entered", "sit"]


def test_without_behaviours_only_who_is_there_is_told() -> None:
    off = replace(RULES, is_enabled=False)
    assert {one.what for one in live(span(0, 20, lambda t: being(t, HERE, "sit")), rules=off)} == {"person_entered"}
    doing, said = lived(seated(), being(5.0, HERE, "sit"), Setting(at(5.0), (), off, 1.0))
    assert [(one.what, one.end) for one in said] == [("sit", at(4.9)), ("calm", at(4.9))]
    assert [one.what for one in going_on(doing)] == ["person_entered"]


def test_who_may_have_been_taken_for_another_comes_no_nearer_by_that() -> None:
    far, close = near(6.0), near(2.0)

    def swapped(t: float, *, is_doubtful: bool) -> Track:
        box = far if t < 3 else close if t > 4.5 else near(6.0 - 4.0 * (t - 3) / 1.5)
        return replace(being(t, box), is_doubtful=is_doubtful and 3 <= t < 5.5)

    assert count(live(span(0, 9, lambda t: swapped(t, is_doubtful=False))), "approach") == 1
    assert count(live(span(0, 9, lambda t: swapped(t, is_doubtful=True))), "approach") == 0


def test_a_track_that_is_believed_and_shows_no_body_tells_nothing_new() -> None:
    doing = met(being(0))
    doing, said = lived(doing, replace(being(0.1), detection=None), Setting(at(0.1), (), RULES, 1.0))
    assert [one.what for one in said] == ["person_entered"]
    assert doing.trace is None
    lost = being(1.0, DOG, kind=Kind.DOG, last=0.5)
    assert lost.phase is Phase.LOST
    assert lived(met(lost), lost, Setting(at(1.0), (), RULES, 1.0))[1] == ()
