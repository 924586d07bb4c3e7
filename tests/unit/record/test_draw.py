"""What is drawn shows where it should, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from smartlogd.base.geometry import Box, Point, Segment
from smartlogd.base.known import CrossingLine, Phase, Side, Track, TrackId, Zone, ZoneKind
from smartlogd.base.seen import Detection, Keypoint, Kind, Pixels
from smartlogd.record.draw import LineCount, draw, grid, inside_arrow, mark, roomy

SIZES = [(240, 320), (480, 640), (1080, 1920), (100, 178), (17, 23)]
MIDDLE = CrossingLine("door", Segment(Point(0.5, 0), Point(0.5, 1)), Side.LEFT)


def blank(size: tuple[int, int]) -> Pixels:
    return np.full((*size, 3), 128, np.uint8)


def changed(picture: Pixels) -> np.ndarray:
    return (picture != 128).any(axis=2)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_of_picture_can_be_drawn_on_and_keeps_its_size(
    size: tuple[int, int], make_track: Callable[..., Track]
) -> None:
    tracks = [make_track(n, phase=phase) for n, phase in enumerate(Phase, 1)]
    counts = [LineCount(f"line {n}", n, n * 1000) for n in range(30)]
    for picture in (draw(blank(size), tracks, [MIDDLE], counts), grid(blank(size))):
        assert picture.shape == (*size, 3)
        assert picture.dtype == np.uint8
        assert changed(picture).any()


def test_the_picture_that_is_given_stays_untouched(grey: Pixels, make_track: Callable[..., Track]) -> None:
    grey.flags.writeable = False  # as a camera's frames are
    draw(grey, [make_track()], [MIDDLE], [LineCount("door", 1, 2)])
    mark(grey, [Detection(Kind.PERSON, Box(0.1, 0.1, 0.5, 0.5), 0.8)])
    grid(grey)
    assert (grey == 128).all()


def test_nothing_to_draw_changes_nothing(grey: Pixels) -> None:
    assert (draw(grey, []) == grey).all()
    assert (mark(grey, []) == grey).all()


def test_a_box_is_drawn_on_its_edges_and_not_inside(grey: Pixels, make_track: Callable[..., Track]) -> None:
    marks = changed(draw(grey, [make_track(box=Box(0.25, 0.5, 0.75, 0.9))]))
    assert marks[round(0.7 * 239), round(0.25 * 319)]
    assert marks[round(0.9 * 239), round(0.5 * 319)]
    assert not marks[round(0.7 * 239), round(0.5 * 319)]


def test_a_box_that_stands_out_of_the_picture_still_shows_all_its_edges(
    grey: Pixels, make_track: Callable[..., Track]
) -> None:
    marks = changed(draw(grey, [make_track(box=Box(-0.5, 0.4, 0.5, 7.0))]))
    assert marks[200, 0]
    assert marks[239, 100]


def test_only_the_corners_of_a_lost_track_are_drawn(grey: Pixels, make_track: Callable[..., Track]) -> None:
    box = Box(0.25, 0.3, 0.75, 0.9)
    lost = changed(draw(grey, [make_track(box=box, phase=Phase.LOST)]))
    assert lost[round(0.9 * 239), round(0.25 * 319)]
    assert not lost[round(0.9 * 239), round(0.5 * 319)]


def test_every_phase_has_a_colour_of_its_own(grey: Pixels, make_track: Callable[..., Track]) -> None:
    corner = (round(0.9 * 239), round(0.6 * 319))
    colours = {tuple(draw(grey, [make_track(phase=phase)])[corner]) for phase in Phase}
    assert len(colours) == len(Phase)


def test_a_face_is_drawn_inside_its_track(grey: Pixels, make_track: Callable[..., Track]) -> None:
    face = Detection(Kind.FACE, Box(0.4, 0.4, 0.5, 0.5), 0.9)
    with_face, without = draw(grey, [make_track(face=face)]), draw(grey, [make_track()])
    assert changed_between(with_face, without)[round(0.45 * 239), round(0.4 * 319)]


def changed_between(one: Pixels, other: Pixels) -> np.ndarray:
    return (one != other).any(axis=2)


@pytest.mark.parametrize(
    ("segment", "inside", "axis", "sign"),
    [
        (Segment(Point(0.5, 0), Point(0.5, 1)), Side.LEFT, 0, -1),
        (Segment(Point(0.5, 0), Point(0.5, 1)), Side.RIGHT, 0, 1),
        (Segment(Point(0.5, 1), Point(0.5, 0)), Side.LEFT, 0, -1),
        (Segment(Point(0, 0.5), Point(1, 0.5)), Side.ABOVE, 1, -1),
        (Segment(Point(1, 0.5), Point(0, 0.5)), Side.BELOW, 1, 1),
        (Segment(Point(0.2, 0.1), Point(0.6, 0.9)), Side.LEFT, 0, -1),
        (Segment(Point(0.2, 0.1), Point(0.6, 0.9)), Side.BELOW, 1, 1),
    ],
)
def test_the_arrow_points_to_the_inside_whichever_way_the_line_was_written(
    grey: Pixels, segment: Segment, inside: Side, axis: int, sign: int
) -> None:
    tail, head = inside_arrow(grey, CrossingLine("door", segment, inside))
    assert (head[axis] - tail[axis]) * sign > 0


def test_the_arrow_stands_upright_on_the_line_as_the_picture_shows_it() -> None:
    segment = Segment(Point(0.2, 0.1), Point(0.6, 0.9))
    tail, head = inside_arrow(blank((480, 640)), CrossingLine("door", segment, Side.LEFT))
    along = (0.4 * 640, 0.8 * 480)
    across = (head[0] - tail[0], head[1] - tail[1])
    cosine = (along[0] * across[0] + along[1] * across[1]) / (np.hypot(*along) * np.hypot(*across))
    assert abs(cosine) < 0.03


def test_the_counts_that_are_shown_follow_the_numbers(grey: Pixels) -> None:
    six, seven = (draw(grey, [], [], [LineCount("door", n, 0)]) for n in (6, 7))
    assert changed_between(six, seven).any()
    assert not changed_between(six, seven)[120:, :].any()


def test_a_detection_is_marked_with_its_keypoints_if_they_are_seen(grey: Pixels) -> None:
    def marked(visibility: float) -> np.ndarray:
        nose = Keypoint("nose", Point(0.5, 0.7), visibility)
        return changed(mark(grey, [Detection(Kind.FACE, Box(0.2, 0.5, 0.8, 0.9), 0.8, (nose,))]))

    assert marked(0.9)[round(0.7 * 239), round(0.5 * 319)]
    assert not marked(0.1)[round(0.7 * 239), round(0.5 * 319)]


def test_the_points_of_a_whole_pose_are_marked_and_those_that_only_align_a_crop_are_not(grey: Pixels) -> None:
    def marked(count: int) -> np.ndarray:
        points = tuple(Keypoint(f"point {n}", Point(0.5, 0.7)) for n in range(count))
        return changed(mark(grey, [Detection(Kind.PERSON, Box(0.2, 0.5, 0.8, 0.9), 0.8, points)]))

    assert marked(33)[round(0.7 * 239), round(0.5 * 319)]
    assert not marked(4)[round(0.7 * 239), round(0.5 * 319)]


def test_the_grid_runs_through_every_tenth(grey: Pixels) -> None:
    marks = changed(grid(grey))
    for tenth in range(1, 10):
        assert marks[130, round(319 * tenth / 10)]
        assert marks[round(239 * tenth / 10), 200]
    assert not marks[130, round(319 * 0.55)]


def test_a_small_picture_is_enlarged_to_be_read_and_a_large_one_left_alone() -> None:
    assert roomy(blank((240, 320))).shape == (720, 960, 3)
    large = blank((1080, 1920))
    assert roomy(large) is large


def test_a_zone_is_drawn_round_its_sides_with_its_name_below_and_not_inside(grey: Pixels) -> None:
    corners = (Point(0.3, 0.2), Point(0.7, 0.2), Point(0.7, 0.5), Point(0.3, 0.5))
    marks = changed(draw(grey, [], zones=[Zone("bowl", ZoneKind.BOWL_FOOD, corners)]))
    assert marks[round(0.2 * 239), round(0.5 * 319)]
    assert marks[round(0.35 * 239), round(0.3 * 319)]
    assert marks[round(0.35 * 239), round(0.7 * 319)]
    assert not marks[round(0.35 * 239), round(0.5 * 319)]
    assert marks[125:140].any()


def test_every_kind_of_zone_has_a_colour_of_its_own(grey: Pixels) -> None:
    corners = (Point(0.1, 0.2), Point(0.9, 0.2), Point(0.5, 0.5))
    pictures = [draw(grey, [], zones=[Zone("here", kind, corners)]) for kind in ZoneKind]
    assert len({tuple(picture[round(0.2 * 239), 160]) for picture in pictures}) == len(ZoneKind)


def test_what_a_track_does_stands_beside_its_number(grey: Pixels, make_track: Callable[..., Track]) -> None:
    plain, sitting, other = (
        draw(grey, [make_track(3)], words=words) for words in ({}, {TrackId(3): "sit"}, {TrackId(4): "sit"})
    )
    assert (sitting != plain).any()
    assert (other == plain).all()
