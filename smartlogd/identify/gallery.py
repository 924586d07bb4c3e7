"""The remembered faces, and who of them a face is like (pure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from smartlogd.base.who import DIMENSIONS, Embedding, Likeness, Template

_SHORTLIST = 4
"""For each likeness that is asked for, this many beings are measured exactly."""


class Gallery:
    """All templates of one model; it never changes: who learns something makes a new one.

    They lie in one block of memory, float32[n, 128], each being's together, so that a face is compared with
    all of them by one product of matrix and vector.
    """

    def __init__(self, templates: Sequence[Template] = ()) -> None:
        """Raises ValueError when the templates are not all of one model."""
        if len({template.model for template in templates}) > 1:
            raise ValueError("points of different networks cannot be compared")
        self._templates = tuple(sorted(templates, key=lambda template: (template.who, template.id)))
        vectors = [template.vector for template in self._templates]
        self._vectors = np.array(vectors, np.float32).reshape(len(vectors), DIMENSIONS)
        self._squares = np.einsum("ij,ij->i", self._vectors, self._vectors)
        owners = [template.who for template in self._templates]
        starts = [index for index, who in enumerate(owners) if index == 0 or who != owners[index - 1]]
        self._starts: npt.NDArray[np.intp] = np.array(starts, np.intp)
        self._ends: npt.NDArray[np.intp] = np.array([*starts[1:], len(owners)][: len(starts)], np.intp)
        self._beings = tuple(owners[start] for start in starts)

    def __len__(self) -> int:
        """How many templates there are."""
        return len(self._templates)

    @property
    def templates(self) -> tuple[Template, ...]:
        """All of them, each being's together."""
        return self._templates

    def with_templates(self, more: Sequence[Template]) -> Gallery:
        """A gallery of these templates and of `more`."""
        return Gallery((*self._templates, *more))

    def nearest(self, vector: Embedding, most: int = 8) -> tuple[Likeness, ...]:
        """The `most` beings that a face is most like, each once, nearest first.

        A being is as far as its nearest template.
        """
        if not self._beings:
            return ()
        # |t - v|^2 = |t|^2 - 2 tv + |v|^2, of which the last is the same for all.
        apart = self._squares - 2 * (self._vectors @ vector)
        nearest = np.minimum.reduceat(apart, self._starts)
        wanted = min(len(self._beings), most * _SHORTLIST)
        shortlist = np.argpartition(nearest, wanted - 1)[:wanted]
        found = [Likeness(self._beings[index], self._distance(index, vector)) for index in shortlist]
        return tuple(sorted(found, key=lambda likeness: (likeness.distance, likeness.who))[:most])

    def _distance(self, being: int, vector: Embedding) -> float:
        """How far a being is, measured without the rounding that the product of all brings."""
        own = self._vectors[self._starts[being] : self._ends[being]]
        return float(np.sqrt(np.square(own - vector).sum(axis=1)).min())
