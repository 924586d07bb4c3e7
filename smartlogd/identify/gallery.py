"""The remembered faces, and who of them a face is like (pure).

A being is as far as the middle of its templates, not as the nearest of them: what differs from photograph to
photograph evens out in the middle, and of two people's photographs one pair is always alike by chance. On 845
photographs of 106 people a quarter to a half fewer are missed so, at the same rate of strangers named
(docs/decisions/0015-how-someone-is-named.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from smartlogd.base.who import DIMENSIONS, Embedding, Likeness, Template, Who

_SCATTER = 0.09
"""The mean square of how far one photograph of a person lies from the middle of all of them; measured."""
_SHORTLIST = 4
"""For each likeness that is asked for, this many beings are measured exactly."""

Floats = npt.NDArray[np.float32]


class Gallery:
    """All templates of one model; it never changes: who learns something makes a new one.

    The beings' middles lie in one block of memory, float32[beings, 128], so that a face is compared with all of
    them by one product of matrix and vector.
    """

    def __init__(self, templates: Sequence[Template] = ()) -> None:
        """Raises ValueError when the templates are not all of one model."""
        if len({template.model for template in templates}) > 1:
            raise ValueError("points of different networks cannot be compared")
        ordered = sorted(templates, key=_place)
        self._albums = {who: tuple(theirs) for who, theirs in groupby(ordered, key=attrgetter("who"))}
        starts = np.cumsum([0, *(len(album) for album in self._albums.values())])[:-1]
        vectors = np.array([template.vector for template in ordered], np.float32).reshape(-1, DIMENSIONS)
        middles, credits_ = _middles(vectors, starts) if len(starts) else (vectors, np.zeros(0, np.float32))
        self._lay(tuple(self._albums), middles, credits_)

    def _lay(self, beings: tuple[Who, ...], middles: Floats, credits_: Floats) -> None:
        """Take these rows: one being's middle each, and what is added to its squared distances."""
        self._beings, self._middles, self._credits = beings, middles, credits_
        self._squares = np.einsum("ij,ij->i", middles, middles) + credits_
        known = np.array([who.is_known for who in beings], bool)
        self._kinds = [kind for kind in (np.flatnonzero(known), np.flatnonzero(~known)) if len(kind)]

    def __len__(self) -> int:
        """How many templates there are."""
        return sum(map(len, self._albums.values()))

    @property
    def templates(self) -> tuple[Template, ...]:
        """All of them, each being's together."""
        return tuple(chain.from_iterable(self._albums.values()))

    def of(self, who: Who) -> tuple[Template, ...]:
        """One being's templates."""
        return self._albums.get(who, ())

    def with_templates(self, more: Sequence[Template]) -> Gallery:
        """A gallery of these templates and of `more`."""
        owners = {template.who for template in more}
        return self.changed({who: [*self.of(who), *(each for each in more if each.who == who)] for who in owners})

    def changed(self, albums: Mapping[Who, Sequence[Template]]) -> Gallery:
        """A gallery in which these beings have these templates, and are gone where there are none.

        The others are copied as they lie, so that it takes a millisecond however many they are.
        """
        fresh = Gallery([template for album in albums.values() for template in album])
        if self._albums and fresh._albums and self._model != fresh._model:
            raise ValueError("points of different networks cannot be compared")
        stays = np.array([who not in albums for who in self._beings], bool)
        gallery = Gallery()
        gallery._albums = {who: album for who, album in self._albums.items() if who not in albums} | fresh._albums
        gallery._lay(
            tuple(gallery._albums),
            np.concatenate([self._middles[stays], fresh._middles]),
            np.concatenate([self._credits[stays], fresh._credits]),
        )
        return gallery

    @property
    def _model(self) -> str:
        return next(iter(self._albums.values()))[0].model

    def nearest(self, vector: Embedding, most: int = 8) -> tuple[Likeness, ...]:
        """The `most` people and the `most` strangers that a face is most like, each once, nearest first.

        Of each kind so many: strangers, however many and near, hide no person, nor the one who is as near.
        """
        if not self._beings:
            return ()
        # |m - v|^2 = |m|^2 - 2 mv + |v|^2, of which the last is the same for all.
        # By einsum, which stays in this thread: BLAS calls others to help, and on a busy machine waits 12 ms for them.
        apart = self._squares - 2 * np.einsum("ij,j->i", self._middles, vector)
        near = [like for kind in self._kinds for like in self._ranked(kind, apart, vector, most)]
        return tuple(sorted(near, key=_order))

    def _ranked(self, kind: npt.NDArray[np.intp], apart: Floats, vector: Embedding, most: int) -> list[Likeness]:
        """The nearest `most` of one kind; `apart` is how far all beings are, give or take rounding."""
        wanted = min(len(kind), most * _SHORTLIST)
        shortlist = kind[np.argpartition(apart[kind], wanted - 1)[:wanted]]
        return sorted(
            (Likeness(self._beings[index], self._distance(index, vector)) for index in shortlist), key=_order
        )[:most]

    def _distance(self, being: int, vector: Embedding) -> float:
        """How far a being is, without the rounding that the product with all of them brings."""
        square = np.square(self._middles[being] - vector).sum() + self._credits[being]
        return float(np.sqrt(square))


def _order(likeness: Likeness) -> tuple[float, Who]:
    """The nearest first."""
    return likeness.distance, likeness.who


def _place(template: Template) -> tuple[int, bool, int]:
    """Where a template stands: each being's together. Plain numbers, which are quick to compare."""
    return template.who.id.int, template.who.is_known, template.id.int


def _middles(vectors: Floats, starts: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The middle of each being's vectors, float32[beings, 128], and what is added to squared distances from it.

    The middle of k photographs lies nearer to its owner's next photograph than a single one does, by the scatter that
    evened out, and nearer to everyone else's by as much; that is given back, so that a threshold means the same for
    one template and for twenty. Templates that are almost the same (shots of one second) even out nothing.
    """
    counts = np.diff([*starts, len(vectors)]).astype(np.float32)
    middles = np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
    off = vectors - np.repeat(middles, counts.astype(int), axis=0)
    scatter = np.add.reduceat(np.einsum("ij,ij->i", off, off), starts) / counts
    credits_ = np.minimum(scatter, _SCATTER * (1 - 1 / counts))
    return np.ascontiguousarray(middles, np.float32), np.asarray(credits_, np.float32)
