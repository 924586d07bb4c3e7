from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from beings import ASPECT, HERE, being
from walks import at

from smartlogd.base.geometry import Box
from smartlogd.base.known import Track, TrackId
from smartlogd.base.seen import Kind
from smartlogd.base.who import Who
from smartlogd.movement.doing import Doing, met
from smartlogd.movement.fetch import Fetch, State
from smartlogd.movement.heirs import heirs
from smartlogd.movement.trace import followed

ANN, BEN = Who(UUID(int=1), is_known=True), Who(UUID(int=2), is_known=True)
FAR = Box(0.05, 0.1, 0.1, 0.2)


def lost(id_: int = 1, box: Box = HERE, kind: Kind = Kind.PERSON, last: float = 10.0) -> Doing:
    return replace(met(being(last, box, id_=id_, kind=kind)), last=at(last))


def found(id_: int = 2, box: Box = HERE, kind: Kind = Kind.PERSON, first: float = 11.0) -> Track:
    return being(first + 1, box, id_=id_, kind=kind, first=first)


def went_on(
    doings: list[Doing], tracks: list[Track], whom: dict[int, Who] | None = None, *, is_new: bool = True
) -> dict[int, int]:
    """The number of who was lost for each track that goes on."""
    who = {TrackId(id_): one for id_, one in (whom or {}).items()}
    new = {track.id: is_new for track in tracks}
    return {int(track): int(doing.track) for track, doing in heirs(doings, tracks, who, new).items()}


def test_who_appears_about_where_one_was_lost_goes_on() -> None:
    assert went_on([lost()], [found()]) == {2: 1}
    assert went_on([lost()], [found(box=FAR)]) == {}


def test_who_was_in_view_before_that_or_is_of_another_kind_does_not() -> None:
    assert went_on([lost()], [found(first=9.0)]) == {}
    assert went_on([lost()], [found(kind=Kind.DOG)]) == {}


def test_the_same_face_goes_on_anywhere_and_at_any_time() -> None:
    assert went_on([lost()], [found(box=FAR, first=9.0)], {1: ANN, 2: ANN}, is_new=False) == {2: 1}


def test_who_is_someone_else_does_not_go_on() -> None:
    assert went_on([lost()], [found()], {1: ANN, 2: BEN}) == {}
    stranger = Who(UUID(int=3), is_known=False)
    assert went_on([lost()], [found()], {1: ANN, 2: stranger}) == {2: 1}  # a new track is a stranger at first


def test_who_is_not_new_appears_nowhere() -> None:
    assert went_on([lost()], [found()], is_new=False) == {}


def test_of_several_the_nearest_goes_on_and_each_once() -> None:
    beside = Box(HERE.x0 + 0.1, HERE.y0, HERE.x1 + 0.1, HERE.y1)
    assert went_on([lost(1), lost(2, beside)], [found(3, beside), found(4)]) == {3: 2, 4: 1}
    assert went_on([lost(1)], [found(3, beside), found(4)]) == {4: 1}
    assert went_on([lost(1), lost(2, beside)], [found(4)]) == {4: 1}


def leaving(pace: float, box: Box) -> Doing:
    """Who was lost at 10 s in `box`, having gone to the right so quickly."""
    trace = None
    for number in range(21):
        shift = (number - 20) / 10 * pace * box.height / ASPECT
        where = Box(box.x0 + shift, box.y0, box.x1 + shift, box.y1)
        trace = followed(trace, where.clipped(), at(8 + number / 10), ASPECT)
    return replace(lost(box=box), trace=trace)


def test_who_walked_out_of_the_picture_is_not_who_comes_in_there_next() -> None:
    edge = Box(0.88, 0.3, 1.0, 0.8)
    assert went_on([leaving(0.8, edge)], [found(box=edge)]) == {}
    assert went_on([leaving(0.0, edge)], [found(box=edge)]) == {2: 1}  # sat at the edge, and was missed
    assert went_on([leaving(0.8, HERE)], [found()]) == {2: 1}  # walked behind a pillar
    briefly = replace(lost(box=edge), trace=followed(None, edge, at(10), ASPECT))
    assert went_on([briefly], [found(box=edge)]) == {}


def test_who_is_out_fetching_may_come_back_anywhere() -> None:
    out = replace(lost(), fetch=Fetch(State.OUT))
    assert went_on([out], [found(box=FAR)]) == {2: 1}
    assert went_on([out, lost(5)], [found()]) == {2: 1}
