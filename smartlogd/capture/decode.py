"""Encoded video -> pictures: what we ask of PyAV, and its errors in our words.

Decoding runs in one thread: on two cores the second one belongs to the models, and FFmpeg's own
threads cost more processor time than they save at these sizes. PyAV releases the interpreter's lock
while it decodes and converts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from smartlogd.base.errors import CameraLost, SmartlogError, UnusableInput
from smartlogd.base.seen import Packet, Pixels

LARGEST_PICTURE_PX = 50_000_000
_LONGEST_GAP_S = 3600.0
_USUAL_STEP_S = 0.04
_SHUFFLE_S = 1.0
"""Pictures this little out of order are a slip of the container; further back the clock began anew."""
_TIE_S = 0.001
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,ivf,"
    "gif,apng,mjpeg,h264,hevc,yuv4mpegpipe,rtsp,sdp,rtp"
)
"""Kinds of container that are opened; playlists and text, which may name other files, are not among them."""
_OF_SOUND = ",wav,w64,mp3,flac,aac,ac3,eac3,aiff,au,caf,amr,wv,tta,ape"
"""Further ones, where sound will do: some of them take almost any bytes for theirs."""
_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_START_CODE = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, `t_s` seconds after the first one, and the packets that came before it.

    `pts_s` is its time on the packets' clock, None where the stream does not say. A picture that is shown turned has
    no packets: they would show it unturned.
    """

    t_s: float
    pixels: Pixels
    packets: tuple[Packet, ...]
    pts_s: float | None = None


@dataclass(slots=True)
class Course:
    """How the reading of one stream went; grows while `pictures` is iterated."""

    pictures: int = 0
    damaged: int = 0
    promised: int = 0
    cut: bool = field(default=False)

    @property
    def is_short(self) -> bool:
        """Whether the stream ended with fewer pictures than it should have."""
        return self.cut or self.damaged > 0 or self.pictures < self.promised


def opened(
    address: str,
    name: str,
    options: Mapping[str, str],
    timeout_s: tuple[float, float] | None,
    what: Literal["video", "recording"] = "video",
) -> InputContainer:
    """Open a file or stream; `name` is how a message calls it. A recording is a video, or sound alone.

    Raises UnusableInput when FFmpeg cannot read it, CameraLost when the network cannot reach it.
    """
    with translated(name, what):
        kinds = _CONTAINERS if what == "video" else _CONTAINERS + _OF_SOUND
        return av.open(address, options={**options, "format_whitelist": kinds}, timeout=timeout_s)


@contextmanager
def translated(name: str, what: str = "video") -> Iterator[None]:
    """Turn FFmpeg's errors into ours."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        raise _ours(error, name, what) from error


def _ours(error: Exception, name: str, what: str) -> SmartlogError:
    if name.startswith(("rtsp:", "rtsps:")):
        return CameraLost(
            f"{name} does not answer as it should: {reason(error)}.", "Check the address and the network."
        )
    if isinstance(error, av.error.InvalidDataError):
        return UnusableInput(
            f"{name} is not a {what} that can be read.", "It may be broken or cut short; try to play it."
        )
    if isinstance(error, PermissionError):
        return UnusableInput(f"{name} may not be read.", "Give this user the right to read it.")
    return UnusableInput(f"{name} cannot be read: {reason(error)}.", "Try to play it, or convert it to MP4.")


def reason(error: Exception) -> str:
    """FFmpeg's or the system's few words for an error, without addresses or numbers."""
    return (getattr(error, "strerror", None) or type(error).__name__).lower().rstrip(".")


def first_video(container: InputContainer, name: str) -> VideoStream:
    """The first video stream, set up to be decoded in one thread."""
    if not container.streams.video:
        raise UnusableInput(f"{name} holds no video.", "Name a file with pictures; sound alone is not enough.")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise UnusableInput(f"{name} is in a format that cannot be decoded here.", "Convert it to H.264 in MP4.")
    refuse_giants(stream.codec_context.width, stream.codec_context.height, name)
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(LARGEST_PICTURE_PX)}
    return stream


def refuse_giants(width: int, height: int, name: str) -> None:
    """Raise UnusableInput for pictures that would fill the memory."""
    if width * height > LARGEST_PICTURE_PX:
        raise UnusableInput(
            f"{name} has pictures of {width} x {height} pixels, more than is read.",
            f"Scale it below {LARGEST_PICTURE_PX // 1_000_000} megapixels.",
        )


def pictures(
    container: InputContainer,
    stream: VideoStream,
    name: str,
    course: Course,
    is_wanted: Callable[[float], bool] = lambda _: True,
) -> Iterator[Picture]:
    """Every picture of `stream` by presentation time, the first at 0 s.

    Those whose time `is_wanted` refuses are decoded but not converted; their packets go with the next.
    Damaged packets are passed over and counted in `course`; where the file breaks off, the pictures
    end. A picture may have another size than the one before it.
    """
    course.promised = stream.frames if "mp4" in container.format.name else 0  # elsewhere it is an estimate
    clock, packer, paint = _Steps(stream), _Packer(stream), VideoReformatter()
    waiting: list[Packet] = []
    for frame, packets in _frames(container, stream, packer, course):
        refuse_giants(frame.width, frame.height, name)
        course.pictures += 1
        waiting.extend(() if frame.rotation else packets)
        t_s = clock.seconds(frame)
        if is_wanted(t_s):
            yield Picture(t_s, _rgb(frame, paint), tuple(waiting), clock.pts_s(frame))
            waiting.clear()


def _frames(
    container: InputContainer, stream: VideoStream, packer: _Packer, course: Course
) -> Iterator[tuple[VideoFrame, tuple[Packet, ...]]]:
    waiting: list[Packet] = []
    for packet in _read(container, stream, course):
        frames = _decode(stream, packet, course)
        waiting.extend(packer.packed(packet))
        for frame in frames:
            yield frame, tuple(waiting)
            waiting.clear()


def _read(container: InputContainer, stream: VideoStream, course: Course) -> Iterator[av.Packet[VideoStream]]:
    try:
        yield from container.demux(stream)
    except (av.error.InvalidDataError, av.error.EOFError):
        course.cut = True


def _decode(stream: VideoStream, packet: av.Packet[VideoStream], course: Course) -> list[VideoFrame]:
    if packet.is_corrupt:
        course.damaged += 1
    try:
        return list(stream.decode(packet))
    except av.error.EOFError:
        return []
    except av.error.FFmpegError:
        course.damaged += 1
        return []


def _rgb(frame: VideoFrame, paint: VideoReformatter) -> Pixels:
    pixels = np.asarray(paint.reformat(frame, format="rgb24").to_ndarray(), np.uint8)
    if frame.rotation:
        pixels = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
    pixels.setflags(write=False)
    return pixels


class _Steps:
    """Presentation timestamps -> seconds since the first picture, always rising.

    A picture without a timestamp, one that is not later than the last, or one after an impossible gap
    follows its forerunner by the last step seen: header rates are guesses, and some are wrong. AVI holds no
    presentation timestamps at all, and what FFmpeg makes up for reordered pictures there jumps back and
    forth: its pictures are counted instead.
    """

    def __init__(self, stream: VideoStream) -> None:
        rate = stream.average_rate
        self._is_counted = stream.container.format.name == "avi"
        self._step_s = float(1 / rate) if rate else _USUAL_STEP_S
        self._began_s = 0.0
        self._last_s: float | None = None

    def pts_s(self, frame: VideoFrame) -> float | None:
        """When the stream itself says that `frame` is shown, on the clock of its packets."""
        return None if self._is_counted else frame.time

    def seconds(self, frame: VideoFrame) -> float:
        """When `frame` is shown."""
        last_s = self._last_s
        expected_s = 0.0 if last_s is None else last_s + self._step_s
        time_s = None if self._is_counted else frame.time
        shown_s = expected_s if time_s is None else time_s - self._began_s
        if last_s is None or not -_SHUFFLE_S < shown_s - last_s < _LONGEST_GAP_S:
            self._began_s += shown_s - expected_s
            shown_s = expected_s
        elif shown_s <= last_s:
            shown_s = last_s + min(self._step_s, _TIE_S)
        elif time_s is not None:
            self._step_s = shown_s - last_s
        self._last_s = shown_s
        return shown_s


class _Packer:
    """FFmpeg's packets -> ours: H.264 and H.265 as Annex B with the parameter sets before each key packet."""

    def __init__(self, stream: VideoStream) -> None:
        self._codec = stream.codec_context.name
        header = bytes(stream.codec_context.extradata or b"")
        boxed = bool(header) and header[0] == 1  # avcC and hvcC begin with their version, Annex B with zeros
        self._filter = (
            BitStreamFilterContext(_ANNEX_B[self._codec], stream) if boxed and self._codec in _ANNEX_B else None
        )
        self._sets = b"" if boxed or self._codec not in _ANNEX_B else header

    def packed(self, packet: av.Packet[VideoStream]) -> Iterator[Packet]:
        """This packet in our form. FFmpeg's filter empties it: decode it first."""
        if packet.size == 0:
            return
        try:
            clean = [packet] if self._filter is None else self._filter.filter(packet)
        except av.error.InvalidDataError:  # damaged: the decoder has counted it already
            return
        for one in clean:
            at = one.pts if one.pts is not None else one.dts
            pts_s = float(at * one.time_base) if at is not None else 0.0
            dts_s = None if one.dts is None or one.dts == at else float(one.dts * one.time_base)
            whole = self._whole(bytes(one), is_key=one.is_keyframe)
            yield Packet(pts_s, one.is_keyframe, self._codec, whole, dts_s)

    def _whole(self, data: bytes, *, is_key: bool) -> bytes:
        if not is_key or not self._sets or self._sets in data:
            return data
        return self._sets + data
