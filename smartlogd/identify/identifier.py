"""Looks at the faces of tracks, on a thread of its own: now and then, and the frame loop never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from uuid import UUID

from smartlogd.base.geometry import Box
from smartlogd.base.known import Phase, SubjectId, Track, TrackId
from smartlogd.base.pixels import jpeg, mosaic, scaled
from smartlogd.base.ports import Embedder
from smartlogd.base.seen import Detection, Frame, Pixels
from smartlogd.base.time import Stamp
from smartlogd.base.who import MOST_OF_A_STRANGER, Template, View, Who
from smartlogd.identify.embedder import chip, embedding
from smartlogd.identify.gallery import Gallery
from smartlogd.identify.options import IdentifyOptions
from smartlogd.identify.quality import measure, promise, refusals

_MOST_PENDING = 4
"""Live, no more looks are begun while this many are under way; the next frame brings the same faces."""
_CLEARLY = 1.3
"""A face that promises this much more than the last is clearly a better view."""
_AGAIN_S, _ELSE_S = 0.3, 1.0
"""A look that failed is tried again after the first; one that named nobody after the second, at a face no worse."""
_NO_WORSE = 0.85
_CROP_PX, _CROP_SHARE, _BLOCKS = 240, 1.9, 8

Refine = Callable[[Pixels, Detection], Detection]
"""Gives a face that was found on a small picture its exact keypoints."""


@dataclass(slots=True)
class _Record:
    """What was tried with a track in its newest stretch: how often looked at, how promising, when; who was it like."""

    stretch: int
    tried: Stamp
    looks: int = 0
    promise: float = 0.0
    is_settled: bool = False


@dataclass(slots=True)
class _Errand:
    """A look under way, and the gallery it compares with."""

    track: TrackId
    promise: float
    gallery: Gallery
    done: Future[View | None]


@dataclass(slots=True)
class FaceIdentifier:
    """Chooses which faces are worth a look, and looks at them.

    `patient` is for replays: then `news` waits for every look that was begun, and two runs give the same.
    """

    embedder: Embedder
    refine: Refine
    options: IdentifyOptions
    gallery: Gallery = field(default_factory=Gallery)
    patient: bool = False
    looks: int = 0
    """How many embeddings were made."""
    _records: dict[TrackId, _Record] = field(default_factory=dict)
    _pending: list[_Errand] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="smartlogd-identify")
    )

    def offer(self, tracks: tuple[Track, ...], frame: Frame) -> None:
        """Begin to look at the faces that are worth it, the most promising first; returns at once."""
        self._records = {track.id: self._records[track.id] for track in tracks if track.id in self._records}
        height, width = frame.pixels.shape[:2]
        worth: list[tuple[float, TrackId, Track]] = []
        for track in tracks:
            if track.face is None or track.phase is not Phase.CONFIRMED or track.is_doubtful:
                continue
            promised = promise(track.face, width, height)
            if self._is_worth(track, promised, frame.stamp):
                worth.append((-promised, track.id, track))
        for promised, _, track in sorted(worth, key=lambda each: each[:2])[: self.options.most_faces]:
            if not self.patient and len(self._pending) >= _MOST_PENDING:
                return
            self._begin(track, -promised, frame)

    async def news(self) -> tuple[View, ...]:
        """The looks that are done: live those that are, in a replay all that were begun."""
        if self.patient:
            await asyncio.gather(*(asyncio.wrap_future(errand.done) for errand in self._pending))
        pending, self._pending = self._pending, []
        done: list[_Errand] = []
        for errand in pending:  # each is asked once: it may be done a moment later
            (done if errand.done.done() else self._pending).append(errand)
        return tuple(view for errand in done if (view := self._noted(errand)) is not None)

    def remember(self, templates: Sequence[Template]) -> None:
        """Know these faces from now on; of a stranger only the best few."""
        owners = {template.who for template in templates}
        more = {who: [each for each in templates if each.who == who] for who in owners}
        self._change({who: [*self.gallery.of(who), *faces] for who, faces in more.items()})

    def forget(self, owners: Collection[UUID]) -> None:
        """Know the faces of these beings no longer."""
        self._change({Who(owner, is_known): () for owner in owners for is_known in (True, False)})

    def merged(self, one: SubjectId, into: SubjectId) -> None:
        """The faces of one stranger are another's."""
        old, new = Who(one, is_known=False), Who(into, is_known=False)
        if faces := self.gallery.of(old):
            self._change({old: (), new: [*self.gallery.of(new), *(replace(each, who=new) for each in faces)]})

    def _change(self, albums: Mapping[Who, Sequence[Template]]) -> None:
        if albums:
            self.gallery = self.gallery.changed({who: _best_few(who, faces) for who, faces in albums.items()})

    async def close(self) -> None:
        """End the worker thread; a second call does nothing."""
        await asyncio.to_thread(self._thread.shutdown, wait=True, cancel_futures=True)

    def _is_worth(self, track: Track, promised: float, stamp: Stamp) -> bool:
        record = self._records.get(track.id)
        if promised <= 0 or any(errand.track == track.id for errand in self._pending):
            return False
        if record is None or record.stretch != track.stretch:
            return True
        if record.looks >= self.options.most_looks:
            return False
        waited_s = stamp.since(record.tried)
        if record.looks == 0:
            return waited_s >= _AGAIN_S
        if promised >= _CLEARLY * record.promise:
            return waited_s >= _AGAIN_S
        return not record.is_settled and waited_s >= _ELSE_S and promised >= _NO_WORSE * record.promise

    def _begin(self, track: Track, promised: float, frame: Frame) -> None:
        record = self._records.get(track.id)
        if record is None or record.stretch != track.stretch:
            record = self._records[track.id] = _Record(track.stretch, frame.stamp)
        record.tried = frame.stamp
        record.looks += 1  # taken back when nothing came of it
        done = self._thread.submit(self._look, track, frame, self.gallery)
        self._pending.append(_Errand(track.id, promised, self.gallery, done))

    def _noted(self, errand: _Errand) -> View | None:
        """What came of a look, and what that means for the next."""
        view, record = errand.done.result(), self._records.get(errand.track)
        self.looks += view is not None
        if view is not None and errand.gallery is not self.gallery:  # someone was named, merged or forgotten meanwhile
            view = replace(view, likenesses=self.gallery.nearest(view.vector))
        if record is None:
            return view
        if view is None:
            record.looks -= 1
        elif view.stretch == record.stretch:
            record.promise = max(record.promise, errand.promise)
            near = view.likenesses[0] if view.likenesses else None
            record.is_settled = near is not None and near.who.is_known and near.distance < self.options.known_distance
        return view

    def _look(self, track: Track, frame: Frame, gallery: Gallery) -> View | None:
        """One face, in the worker's thread; None where it is too poor to tell anything."""
        if track.face is None:
            return None
        height, width = frame.pixels.shape[:2]
        face = self.refine(frame.pixels, track.face)
        aligned = chip(frame.pixels, face)
        if aligned is None:
            return None
        quality = measure(face, aligned, width, height)
        if refusals(quality, self.options.gate()):
            return None
        vector = embedding(self.embedder, aligned)
        near = gallery.nearest(vector)
        picture = self._crop(frame.pixels, face.box)
        return View(track.id, track.stretch, frame.stamp, self.embedder.model, vector, quality.overall, near, picture)

    def _crop(self, pixels: Pixels, box: Box) -> bytes | None:
        """What is kept to show a person: the face, what is left of it, or nothing."""
        if self.options.crop == "none":
            return None
        height, width = pixels.shape[:2]
        part = box.grown(_CROP_SHARE).clipped()
        cut = pixels[int(part.y0 * height) : round(part.y1 * height), int(part.x0 * width) : round(part.x1 * width)]
        if cut.size == 0:
            return None
        small = scaled(cut, _CROP_PX)
        return jpeg(mosaic(small, _BLOCKS) if self.options.crop == "blur" else small)


def _best_few(who: Who, faces: Sequence[Template]) -> Sequence[Template]:
    """Each face once; of a stranger the best few, as the database keeps them."""
    once = {face.id: face for face in faces}.values()
    if who.is_known:
        return tuple(once)
    return sorted(once, key=lambda face: (-face.quality, face.id))[:MOST_OF_A_STRANGER]
