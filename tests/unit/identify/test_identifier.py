"""Which faces are looked at, and when; by an embedder that sees colours, then by the real one on a real clip."""

from __future__ import annotations

import asyncio
import functools
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest
from looks import FAR, face, person, stranger
from walks import at

from smartlogd import wiring
from smartlogd.base.errors import UnusableInput
from smartlogd.base.geometry import Box, Point
from smartlogd.base.known import Phase, SubjectId, Track, TrackId
from smartlogd.base.seen import Detection, Frame, Keypoint, Kind, Pixels
from smartlogd.base.time import Stamp
from smartlogd.base.who import Embedding, Likeness, Recognition, Template, View, Who
from smartlogd.cli.footage import Unkept, play
from smartlogd.detect.interpreter import load
from smartlogd.detect.options import DetectOptions
from smartlogd.detect.stills import StillFaces
from smartlogd.identify.embedder import TfliteEmbedder, chip, embedding
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.identifier import FaceIdentifier
from smartlogd.identify.options import IdentifyOptions
from smartlogd.settings import read_settings

WIDTH, HEIGHT = 960, 480
ANN, BEN, OLD = person("Ann"), person("Ben"), stranger("old")
COLOURS = {0: (200, 90, 90), 1: (90, 200, 90), 2: (90, 90, 200)}
"""The faces of these tests: of face 0 the skin is reddish, of 1 greenish, of 2 bluish."""
SIZE_PX = 160


class Colours:
    """An embedder for which a face is what colour it has; it can be held up, and it counts."""

    model = "colours"

    def __init__(self, wait_s: float = 0.0) -> None:
        self.wait_s, self.runs = wait_s, 0
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Event()

    def embed(self, chip: Pixels) -> Embedding:
        self.begun.set()
        assert self.open.wait(10)
        if self.wait_s:
            threading.Event().wait(self.wait_s)
        self.runs += 1
        return face(int(chip.mean(axis=(0, 1)).argmax()))


def spot(x_px: float, *, width_px: float = SIZE_PX, nose: float = 0.0, score: float = 0.9, names: int = 6) -> Detection:
    """A face whose middle is at `x_px`, half-way down; `nose` is how far aside it points, in face widths."""
    places = {"right_eye": (-0.2, -0.2), "left_eye": (0.2, -0.2), "nose": (nose, 0.05), "mouth": (0, 0.25)}
    places |= {"right_ear": (-0.45, -0.1), "left_ear": (0.45, -0.1)}

    def point(dx: float, dy: float) -> Point:
        return Point((x_px + dx * width_px) / WIDTH, 0.5 + dy * width_px / HEIGHT)

    keypoints = tuple(Keypoint(name, point(*place)) for name, place in itertools.islice(places.items(), names))
    box = Box.around(Point(x_px / WIDTH, 0.5), width_px / WIDTH, width_px / HEIGHT)
    return Detection(Kind.FACE, box, score, keypoints)


def track(number: int = 1, shown: Detection | None = None, **changed: object) -> Track:
    seen = spot(160 * number) if shown is None else shown
    body = Box(seen.box.x0, 0.1, seen.box.x1, 1.0)
    whole = Track(TrackId(number), Kind.PERSON, body, Point(0, 0), 0.9, 9, at(0), at(0), Phase.CONFIRMED, face=seen)
    return replace(whole, **changed)  # type: ignore[arg-type]


def frame(number: int, *colours: int, plain: bool = False) -> Frame:
    """Ten a second: a rough wall in stripes of 160 px, in the colours of the faces that stand there."""
    return Frame(number, at(number / 10), wall(colours, is_plain=plain))


@functools.cache
def wall(colours: tuple[int, ...], *, is_plain: bool) -> Pixels:
    rough = np.random.default_rng(1).integers(-40, 40, (HEIGHT, WIDTH, 1)) * (not is_plain)
    pixels = np.full((HEIGHT, WIDTH, 3), 90, np.int16)
    for place, colour in enumerate(colours, start=1):
        pixels[:, 160 * place - 80 : 160 * place + 80] = COLOURS[colour]
    return np.clip(pixels + rough, 0, 255).astype(np.uint8)


def template(who: Who, number: int) -> Template:
    return Template(UUID(int=who.id.int ^ number), who, "colours", face(number), 1.0)


Make = Callable[..., FaceIdentifier]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes identifiers, patient ones unless told otherwise, and closes them."""
    made: list[FaceIdentifier] = []

    def maker(
        *templates: Template, embedder: Colours | None = None, patient: bool = True, **options: object
    ) -> FaceIdentifier:
        made.append(
            FaceIdentifier(
                embedder or Colours(),
                lambda _, found: found,
                IdentifyOptions(**options),  # type: ignore[arg-type]
                Gallery(templates),
                patient=patient,
            )
        )
        return made[-1]

    yield maker
    for one in made:
        await one.close()


async def watched(one: FaceIdentifier, frames: int, *tracks: Track, start: int = 0) -> list[tuple[int, View]]:
    """The looks at tracks that stay as they are, each with the number of the frame after which it was done."""
    found = []
    for number in range(start, start + frames):
        one.offer(tracks, frame(number, *(0 for _ in tracks)))
        found += [(number, view) for view in await one.news()]
    return found


class TestALook:
    async def test_tells_whom_a_face_is_like_how_good_it_is_and_of_which_stretch(self, make: Make) -> None:
        one = make(template(ANN, 0), template(BEN, 1))
        one.offer((track(stretch=3),), frame(7, 0))
        (view,) = await one.news()
        assert (view.track, view.stretch, view.stamp, view.model) == (1, 3, at(0.7), "colours")
        assert [like.who for like in view.likenesses] == [ANN, BEN]
        assert view.likenesses[0].distance == pytest.approx(0.0, abs=1e-6)
        assert view.likenesses[1].distance == pytest.approx(FAR)
        assert 0.8 < view.quality <= 1
        assert one.looks == 1

    async def test_without_anyone_to_compare_with_is_like_nobody(self, make: Make) -> None:
        one = make()
        one.offer((track(),), frame(0, 0))
        (view,) = await one.news()
        assert view.likenesses == ()

    async def test_is_at_the_face_as_a_close_look_has_it(self, make: Make) -> None:
        asked: list[Detection] = []

        def closer(_: Pixels, found: Detection) -> Detection:
            asked.append(found)
            return replace(found, box=found.box.grown(0.5), keypoints=found.keypoints)

        one = make()
        one.refine = closer
        one.offer((track(),), frame(0, 0))
        (view,) = await one.news()
        assert asked == [track().face]
        assert view.quality == pytest.approx(SIZE_PX / 2 / 110)

    async def test_that_goes_wrong_is_told_to_whoever_asks_for_news(self, make: Make) -> None:
        class Broken(Colours):
            def embed(self, chip: Pixels) -> Embedding:
                raise UnusableInput("The model gave no embedding.", "Fetch it again.")

        one = make(embedder=Broken())
        one.offer((track(),), frame(0, 0))
        with pytest.raises(UnusableInput, match="no embedding"):
            await one.news()


class TestHowOften:
    async def test_a_face_that_nobody_knows_is_looked_at_three_times_a_second_apart(self, make: Make) -> None:
        found = await watched(make(template(ANN, 1)), 80, track())
        assert [number for number, _ in found] == [0, 10, 20]

    async def test_a_face_that_is_surely_known_is_looked_at_once(self, make: Make) -> None:
        assert [number for number, _ in await watched(make(template(ANN, 0)), 80, track())] == [0]

    async def test_a_stranger_seen_before_may_yet_be_someone_enrolled(self, make: Make) -> None:
        assert len(await watched(make(template(OLD, 0)), 80, track())) == 3

    async def test_each_stretch_has_its_own_looks(self, make: Make) -> None:
        one = make()
        first = await watched(one, 40, track())
        second = await watched(one, 40, track(stretch=2), start=40)
        assert [(number, view.stretch) for number, view in first + second] == [
            (0, 1),
            (10, 1),
            (20, 1),
            (40, 2),
            (50, 2),
            (60, 2),
        ]

    @pytest.mark.parametrize("most", [1, 2, 5])
    async def test_how_many_there_are_may_be_set(self, make: Make, most: int) -> None:
        assert len(await watched(make(most_looks=most), 80, track())) == most

    async def test_a_clearly_better_view_is_looked_at_soon_also_of_the_known(self, make: Make) -> None:
        one = make(template(ANN, 0))
        assert len(await watched(one, 2, track(shown=spot(160, width_px=60)))) == 1
        assert await watched(one, 1, track(shown=spot(160, width_px=70)), start=2) == []
        assert [number for number, _ in await watched(one, 8, track(shown=spot(160, width_px=90)), start=2)] == [3]

    async def test_a_worse_view_of_an_unknown_face_is_not_worth_another_look(self, make: Make) -> None:
        one = make()
        assert len(await watched(one, 1, track(shown=spot(160, width_px=100)))) == 1
        assert await watched(one, 40, track(shown=spot(160, width_px=70)), start=1) == []

    @pytest.mark.parametrize(
        "poor",
        [
            pytest.param(spot(160, width_px=30), id="small"),
            pytest.param(spot(160, nose=0.58), id="turned"),
            pytest.param(spot(160, names=3), id="without a mouth"),
            pytest.param(spot(160, score=0.4), id="hardly a face"),
        ],
    )
    async def test_poor_views_cost_none_of_the_three(self, make: Make, poor: Detection) -> None:
        one = make()
        assert await watched(one, 50, track(shown=poor)) == []
        assert one.looks == 0
        assert len(await watched(one, 50, track(), start=50)) == 3

    async def test_a_blurred_picture_costs_none_either_and_is_tried_again_soon(self, make: Make) -> None:
        one = make()
        tries = []
        for number in range(10):
            one.offer((track(),), frame(number, 0, plain=True))
            tries.append(len(one._pending))
            assert await one.news() == ()
        assert tries == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1]
        assert len(await watched(one, 50, track(), start=50)) == 3

    async def test_a_face_in_profile_is_not_even_tried(self, make: Make) -> None:
        one = make()
        one.offer((track(shown=spot(160, nose=2.0)),), frame(0, 0))
        assert one._pending == []

    @pytest.mark.parametrize(
        "changed",
        [
            {"phase": Phase.TENTATIVE},
            {"phase": Phase.LOST},
            {"phase": Phase.ENDED},
            {"is_doubtful": True},
            {"face": None},
        ],
        ids=str,
    )
    async def test_who_is_not_sure_to_be_who_it_was_is_not_looked_at(
        self, make: Make, changed: dict[str, object]
    ) -> None:
        one = make()
        one.offer((track(**changed),), frame(0, 0))
        assert one._pending == []
        assert await one.news() == ()

    @pytest.mark.parametrize("most", [1, 2, 3])
    async def test_of_many_faces_in_a_frame_only_the_most_promising_are_looked_at(self, make: Make, most: int) -> None:
        sizes = [60, 100, 80, 70, 90]
        tracks = [track(n, spot(160 * n, width_px=size)) for n, size in enumerate(sizes, start=1)]
        by_promise = [2, 5, 3, 4, 1]
        one = make(most_faces=most)
        one.offer(tuple(tracks), frame(0, 0, 0, 0, 0, 0))
        assert [view.track for view in await one.news()] == by_promise[:most]
        one.offer(tuple(tracks), frame(1, 0, 0, 0, 0, 0))
        assert [view.track for view in await one.news()] == by_promise[most : 2 * most]

    async def test_the_gone_are_forgotten(self, make: Make) -> None:
        one = make()
        for number in range(1, 30):
            await watched(one, 1, track(number, spot(160)), start=number)
        assert len(one._records) == 1


class TestLive:
    async def test_nothing_waits_for_a_slow_embedder(self, make: Make) -> None:
        slow, loop = Colours(wait_s=0.5), asyncio.get_running_loop()
        one = make(embedder=slow, patient=False, most_looks=10)
        longest_s, views = 0.0, 0
        for number in range(40):
            shown = frame(number, 0, 0, 0)
            began_s = loop.time()
            one.offer((track(1), track(2), track(3)), shown)
            views += len(await one.news())
            longest_s = max(longest_s, loop.time() - began_s)
            await asyncio.sleep(0.03)
        assert longest_s < 0.25
        assert slow.begun.is_set()
        assert views >= 1, "each look takes a second: an embedding of the face and one of its mirror image"

    async def test_while_looks_are_under_way_only_a_few_more_are_begun(self, make: Make) -> None:
        held = Colours()
        held.open.clear()
        one = make(embedder=held, patient=False, most_faces=16)
        tracks = tuple(track(n, spot(160 * (n % 5 + 1))) for n in range(1, 11))
        for number in range(5):
            one.offer(tracks, frame(number, 0, 0, 0, 0, 0))
            assert await one.news() == ()
        assert len(one._pending) == 4
        held.open.set()

    async def test_a_face_is_not_looked_at_twice_at_once(self, make: Make) -> None:
        held = Colours()
        held.open.clear()
        one = make(embedder=held, patient=False)
        for number in range(0, 60, 10):
            one.offer((track(),), frame(number, 0))
        assert len(one._pending) == 1
        held.open.set()

    async def test_looks_arrive_when_they_are_done_also_of_who_has_left(self, make: Make) -> None:
        held = Colours()
        held.open.clear()
        one = make(embedder=held, patient=False)
        one.offer((track(),), frame(0, 0))
        one.offer((), frame(1))
        assert await one.news() == ()
        held.open.set()
        (view,) = await arrived(one)
        assert view.stamp == at(0)
        assert await one.news() == ()


async def arrived(one: FaceIdentifier) -> tuple[View, ...]:
    """The next news of one who does not wait, within ten seconds."""
    async with asyncio.timeout(10):
        while not (views := await one.news()):
            await asyncio.sleep(0.01)
    return views


class TestClosing:
    async def test_ends_the_thread_and_a_second_time_does_nothing(self) -> None:
        one = FaceIdentifier(Colours(), lambda _, found: found, IdentifyOptions(), patient=True)
        one.offer((track(),), frame(0, 0))
        await one.news()
        assert own_threads()
        await one.close()
        assert not own_threads()
        await one.close()

    async def test_does_not_wait_for_looks_that_were_not_begun(self) -> None:
        held = Colours()
        held.open.clear()
        one = FaceIdentifier(held, lambda _, found: found, IdentifyOptions())
        for number in range(4):
            one.offer((track(number + 1, spot(160)),), frame(number, 0))
        closing = asyncio.create_task(one.close())
        await asyncio.to_thread(held.begun.wait, 10)
        await asyncio.sleep(0.05)
        assert not closing.done()
        held.open.set()
        await closing
        assert held.runs == 2, "the one look that had begun: a face and its mirror image"
        assert not own_threads()


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("smartlogd-identify")]


class TestWhoIsKnown:
    async def seen(self, one: FaceIdentifier, number: int = 0) -> tuple[Likeness, ...]:
        one.offer((track(number + 1, spot(160)),), frame(number, 0))
        (view,) = await one.news()
        return view.likenesses

    async def test_who_is_remembered_is_known_at_the_next_look(self, make: Make) -> None:
        one = make()
        assert await self.seen(one) == ()
        one.remember([template(OLD, 0)])
        one.remember([])
        assert [like.who for like in await self.seen(one, 1)] == [OLD]

    async def test_of_a_stranger_the_best_faces_are_remembered_and_of_an_enrolled_one_all(self, make: Make) -> None:
        one = make()
        for number in range(12):
            quality = (number * 5 % 12) / 12
            one.remember([replace(template(who, number), quality=quality) for who in (ANN, OLD)])
        kept = {who: sorted(each.quality for each in one.gallery.templates if each.who == who) for who in (ANN, OLD)}
        assert kept == {ANN: [number / 12 for number in range(12)], OLD: [number / 12 for number in range(7, 12)]}

    async def test_the_same_face_of_a_stranger_is_remembered_once(self, make: Make) -> None:
        one = make(template(OLD, 0))
        one.remember([template(OLD, 0)])
        assert len(one.gallery) == 1

    async def test_who_is_forgotten_is_not(self, make: Make) -> None:
        one = make(template(ANN, 0), template(ANN, 1), template(BEN, 2))
        one.forget((ANN.id,))
        assert len(one.gallery) == 1
        assert [like.who for like in await self.seen(one)] == [BEN]

    async def test_who_is_merged_is_known_as_the_other(self, make: Make) -> None:
        into = stranger("into")
        one = make(template(OLD, 0), template(into, 0))
        one.merged(SubjectId(OLD.id), SubjectId(into.id))
        assert len(one.gallery) == 2
        (like,) = await self.seen(one)
        assert (like.who, like.distance) == (into, pytest.approx(0.0, abs=1e-6))

    @pytest.mark.parametrize("known_then", [True, False])
    async def test_a_look_under_way_tells_of_those_who_are_known_when_it_is_done(
        self, make: Make, known_then: bool
    ) -> None:
        held = Colours()
        held.open.clear()
        one = make(template(ANN, 0), embedder=held, patient=False)
        one.offer((track(),), frame(0, 0))
        await asyncio.to_thread(held.begun.wait, 10)
        if known_then:
            one.remember([template(OLD, 1)])
        else:
            one.forget((ANN.id,))
        held.open.set()
        (view,) = await arrived(one)
        assert [like.who for like in view.likenesses] == ([ANN, OLD] if known_then else [])


class TestPatient:
    async def test_two_runs_see_the_same_and_wait_for_it(self, make: Make) -> None:
        async def run() -> list[tuple[object, ...]]:
            one = make(template(ANN, 1), embedder=Colours(wait_s=0.002))
            tracks = (track(1), track(2), track(3), track(4))
            found = []
            for number in range(30):
                one.offer(tracks, frame(number, 0, 1, 2, 0))
                views = await one.news()
                one.remember([template(stranger(f"{view.track} {number}"), view.track + 3) for view in views])
                found += [(number, *told(view)) for view in views]
            return found

        first, second = await run(), await run()
        assert first == second
        assert {track for _, track, *_ in first} == {1, 2, 3, 4}


def told(view: View) -> tuple[object, ...]:
    return (view.track, view.stretch, view.stamp, view.quality, view.likenesses, view.vector.tobytes(), view.crop)


def decoded(picture: bytes) -> Pixels:
    read = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(read[..., ::-1], np.uint8)


class TestThePictureThatIsKept:
    async def kept(self, make: Make, crop: str, shown: Detection | None = None) -> bytes | None:
        one = make(crop=crop)
        one.offer((track(shown=shown),), frame(0, 0))
        (view,) = await one.news()
        return view.crop

    async def test_shows_the_face_and_a_little_round_it_no_larger_than_needed(self, make: Make) -> None:
        picture = decoded(await self.kept(make, "keep") or b"")
        assert max(picture.shape[:2]) == 240
        assert picture[100:140, 100:140].mean(axis=(0, 1)).argmax() == 0
        assert picture.std() > 20

    async def test_is_a_jpeg_without_a_word_about_where_it_came_from(self, make: Make) -> None:
        picture = await self.kept(make, "keep") or b""
        assert picture[:2] == b"\xff\xd8"
        assert b"Exif" not in picture

    async def test_of_a_face_at_the_edge_is_what_the_picture_has_of_it(self, make: Make) -> None:
        picture = decoded(await self.kept(make, "keep", spot(20)) or b"")
        assert picture.shape[1] < picture.shape[0]

    async def test_may_be_none(self, make: Make) -> None:
        assert await self.kept(make, "none") is None

    async def test_may_be_a_few_plain_squares(self, make: Make) -> None:
        picture = decoded(await self.kept(make, "blur") or b"")
        squares = picture[15::30, 15::30].astype(int)
        assert squares.shape[:2] == (8, 8)
        inner = [
            picture[y + 8 : y + 22, x + 8 : x + 22].reshape(-1, 3).std(axis=0).max()
            for y in range(0, 240, 30)
            for x in range(0, 240, 30)
        ]
        assert max(inner) < 6, "nothing of the face is left within a square but what JPEG adds"


PathOf = Callable[[str], Path]


@pytest.fixture(scope="module")
def network(model: PathOf) -> TfliteEmbedder:
    return TfliteEmbedder(load(model("face_embedder"), "face_embedder"), "face_embedder")


@pytest.fixture(scope="module")
def stills(model: PathOf) -> StillFaces:
    short, full = (load(model(name), name) for name in ("face_short_range", "face_full_range"))
    return StillFaces(short, full, DetectOptions())


@pytest.fixture(scope="module")
def portraits(shared: Path, stills: StillFaces) -> list[tuple[Pixels, Detection]]:
    """Photographs of one face each, with that face."""
    found = []
    for path in sorted((shared / "faces").glob("*/*.jpg"))[:24]:
        picture = cv2.imread(str(path))
        if picture is None or max(picture.shape[:2]) > 2000:
            continue
        pixels = np.ascontiguousarray(picture[..., ::-1])
        faces = stills.find(pixels)
        if len(faces) == 1 and min(faces[0].box.width * pixels.shape[1], faces[0].box.height * pixels.shape[0]) >= 80:
            found.append((pixels, faces[0]))
    assert len(found) >= 4
    return found[:8]


async def cropped(network: TfliteEmbedder, crop: str, pixels: Pixels, shown: Detection) -> tuple[View, Pixels]:
    """A look at a photograph, and the picture that was kept of it."""
    one = FaceIdentifier(network, lambda _, found: found, IdentifyOptions(crop=crop), patient=True)  # type: ignore[arg-type]
    try:
        one.offer((track(shown=shown),), Frame(0, at(0), pixels))
        (view,) = await one.news()
    finally:
        await one.close()
    return view, decoded(view.crop or b"")


def on_crop(shown: Detection, crop: Pixels) -> Detection:
    """The face as it lies on the picture that was kept of it."""
    part = shown.box.grown(1.9).clipped()

    def moved(point: Point) -> Point:
        return Point((point.x - part.x0) / part.width, (point.y - part.y0) / part.height)

    low, high = moved(Point(shown.box.x0, shown.box.y0)), moved(Point(shown.box.x1, shown.box.y1))
    keypoints = tuple(replace(each, point=moved(each.point)) for each in shown.keypoints)
    assert crop.size
    return replace(shown, box=Box(low.x, low.y, high.x, high.y), keypoints=keypoints)


async def test_who_is_on_a_kept_picture_can_be_told_and_who_is_on_a_blurred_one_cannot(
    network: TfliteEmbedder, portraits: list[tuple[Pixels, Detection]]
) -> None:
    doubt = IdentifyOptions().doubt_distance
    for pixels, shown in portraits:
        apart = {}
        for how in ("keep", "blur"):
            view, crop = await cropped(network, how, pixels, shown)
            aligned = chip(crop, on_crop(shown, crop))
            assert aligned is not None
            apart[how] = float(np.linalg.norm(embedding(network, aligned) - view.vector))
        assert apart["keep"] < 0.4
        assert apart["blur"] > doubt


@dataclass
class Noting:
    """An identifier that passes everything on, and notes what came and from which tracks it was asked."""

    inner: FaceIdentifier
    views: list[View]
    offered: list[tuple[Stamp, tuple[Track, ...], int]]

    def offer(self, tracks: tuple[Track, ...], frame: Frame) -> None:
        before = len(self.inner._pending)
        self.inner.offer(tracks, frame)
        self.offered.append((frame.stamp, tracks, len(self.inner._pending) - before))

    async def news(self) -> tuple[View, ...]:
        views = await self.inner.news()
        self.views += views
        return views

    def remember(self, templates: Sequence[Template]) -> None:
        self.inner.remember(templates)

    def forget(self, owners: Collection[UUID]) -> None:
        self.inner.forget(owners)

    def merged(self, one: SubjectId, into: SubjectId) -> None:
        self.inner.merged(one, into)

    async def close(self) -> None:
        await self.inner.close()


class Learning(Unkept):
    """A journal that keeps what is learnt of faces."""

    def __init__(self) -> None:
        self.learnt: list[Recognition] = []

    def learn(self, recognition: Recognition) -> Learning:
        self.learnt.append(recognition)
        return self


Played = tuple[Noting, list[Recognition]]
Player = Callable[..., Awaitable[Played]]


@pytest.fixture
def played(shared: Path, models_dir: Path) -> Player:
    """Plays a real clip through the whole river, with the real models, before someone who knows `gallery`."""

    async def run(name: str, gallery: Gallery | None = None) -> Played:
        settings = read_settings(None, {"detect.models_dir": str(models_dir)})
        inner = wiring.identifier(settings, gallery or Gallery(), is_patient=True)
        assert inner is not None
        noting, journal = Noting(inner, [], []), Learning()
        await play(shared / "videos" / name, settings, journal=journal, identifier=noting)  # type: ignore[arg-type]
        return noting, journal.learnt

    return run


async def test_on_a_real_clip_two_runs_see_the_same_and_no_face_is_looked_at_too_often(
    played: Player,
) -> None:
    options = IdentifyOptions()
    (one, learnt), (other, learnt_again) = [
        await played("intel_head-pose-face-detection-female-and-male.gif") for _ in range(2)
    ]
    assert [told(view) for view in one.views] == [told(view) for view in other.views] != []
    assert [story(each) for each in learnt] == [story(each) for each in learnt_again] != []
    stretches = [(view.track, view.stretch) for view in one.views]
    assert max(stretches.count(each) for each in stretches) <= options.most_looks
    assert max(begun for _, _, begun in one.offered) <= options.most_faces
    allowed = {
        (track.id, stamp)
        for stamp, tracks, _ in one.offered
        for track in tracks
        if track.phase is Phase.CONFIRMED and not track.is_doubtful and track.face is not None
    }
    assert {(view.track, view.stamp) for view in one.views} <= allowed


async def test_a_woman_and_a_man_seen_alone_are_known_again_when_they_come_together(played: Player) -> None:
    met, gallery = [], Gallery()
    for who in ("female", "male"):
        noting, learnt = await played(f"intel_head-pose-face-detection-{who}.gif", gallery)
        assert all(one.merged_into is None for one in learnt), "nobody was here before them who looks like them"
        met += sorted({one.subject for one in learnt})
        gallery = noting.inner.gallery
    assert len(met) == 2
    _, learnt = await played("intel_head-pose-face-detection-female-and-male.gif", gallery)
    into = {one.subject: one.merged_into for one in learnt if one.merged_into is not None}
    assert len(into) == 2
    assert set(into.values()) == set(met)


def story(told: Recognition) -> tuple[object, ...]:
    return (told.subject, told.person, told.merged_into, told.stamp, [each.id for each in told.templates], told.crop)
