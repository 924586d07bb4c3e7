"""Sound of any kind -> what we hear by: float32, mono, 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000

Samples = npt.NDArray[np.float32]
NOTHING: Samples = np.zeros(0, np.float32)


class Resampler:
    """Takes frames as they come; where their kind changes on the way, what is left of the old is given first."""

    def __init__(self) -> None:
        self._kind: tuple[object, ...] = ()
        self._resampler: av.AudioResampler | None = None

    def feed(self, frame: av.AudioFrame) -> Samples:
        """What can be given now: about as much as came."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        rest = NOTHING if kind == self._kind else self.flush()
        if self._resampler is None:
            self._kind, self._resampler = kind, av.AudioResampler("flt", "mono", RATE_HZ)
        frame.pts = None  # the samples are counted; what else the stamps say is for whoever reads them
        return np.concatenate((rest, _samples(self._resampler.resample(frame))))

    def flush(self) -> Samples:
        """What is left; it can begin anew then."""
        rest = NOTHING if self._resampler is None else _samples(self._resampler.resample(None))
        self._resampler = None
        return rest


def _samples(frames: Iterable[av.AudioFrame]) -> Samples:
    """Their samples, one after another; what is no number becomes silence, what is too loud is cut off."""
    parts = [np.asarray(frame.to_ndarray(), np.float32).reshape(-1) for frame in frames]
    samples = np.concatenate(parts) if parts else NOTHING
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
