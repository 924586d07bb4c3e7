"""What the camera sees, encoded: its own packets where they can be used, else what is encoded here; into the ring."""

from __future__ import annotations

from collections.abc import Mapping

from smartlogd.base.seen import Frame
from smartlogd.record.encoder import Encoder
from smartlogd.record.intake import Intake
from smartlogd.record.options import RecordOptions
from smartlogd.record.ring import Ring

_MIB = 1024 * 1024


class Film:
    """Fills the ring. Lives in the event loop; only the encoder has a thread."""

    def __init__(self, options: RecordOptions) -> None:
        self._options = options
        self.ring = Ring(options.ring_mib * _MIB, options.kept_s())
        self._intake = Intake()
        self._encoder: Encoder | None = None

    def add(self, frame: Frame) -> None:
        """One more frame, and whatever was encoded by now; returns at once."""
        for piece in self._intake.taken(frame):
            self.ring.add(piece)
        if self._intake.is_served:
            self._rest()
            return
        if self._encoder is None:
            self._encoder = Encoder(self._options)
        self._encoder.offer(frame)
        self.gather()

    def gather(self) -> None:
        """Take what was encoded since the last time."""
        for piece in self._encoder.taken() if self._encoder else ():
            self.ring.add(piece)

    def adapted(self, options: RecordOptions) -> None:
        """Go by other settings from now on."""
        old, self._options = self._options, options
        self.ring.bounded(options.ring_mib * _MIB, options.kept_s())
        if _encoding(old) != _encoding(options):
            self._rest()

    def close(self, within_s: float = 0.0) -> None:
        """End the encoder's thread, for which it waits so long, and forget what was filmed."""
        if self._encoder is not None:
            self._encoder.close(within_s)
            self._encoder = None
        self.ring.clear()

    def state(self) -> Mapping[str, object]:
        """Who encodes, and how much memory it takes."""
        encoder = self._encoder
        return {
            "encoder": "camera" if self._intake.is_served else (encoder.name if encoder else ""),
            "in_browsers": self._intake.is_served or not (encoder and encoder.name == "mpeg4"),
            "skipped": encoder.skipped if encoder else 0,
            "ring_bytes": self.ring.bytes,
            "ring_most_bytes": self._options.ring_mib * _MIB,
            "ring_s": round(self.ring.span_s, 1),
        }

    def _rest(self) -> None:
        """The encoder is not needed, or another is: it ends by itself."""
        if self._encoder is not None:
            self._encoder.close(0.0)
            self._encoder = None


def _encoding(options: RecordOptions) -> tuple[object, ...]:
    """What another encoder is needed for, when it changes."""
    return options.encoder, options.encode_fps, options.encode_longest_px, options.encode_crf
