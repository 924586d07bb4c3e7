"""The heartbeat as Prometheus reads it: names smartlogd_*, seconds and bytes, and nothing of who was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from smartlogd.base.health import Heartbeat
from smartlogd.telemetry.ladder import Rung
from smartlogd.telemetry.page import Page
from smartlogd.telemetry.probes import FLAGS

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = ("starting", "running", "stopping")
STATUSES = ("opening", "running", "lost", "paused", "ended")


class Measure(NamedTuple):
    """One number of the heartbeat: its name, what it says, and where it stands there; None is left out."""

    name: str
    says: str
    of: Callable[[Heartbeat], float | None]


GAUGES = (
    Measure("smartlogd_uptime_seconds", "How long the daemon has been running.", lambda beat: beat.uptime_s),
    Measure("smartlogd_clock_trusted", "1 where a time server disciplines the clock.", lambda beat: beat.at.trusted),
    Measure("smartlogd_frames_per_second", "Frames that were used in a second, of late.", lambda beat: beat.fps),
    Measure("smartlogd_frame_age_seconds", "Age of the newest frame.", lambda beat: beat.frame_age_s),
    Measure(
        "smartlogd_inference_p50_seconds",
        "Median time that the models took for a frame.",
        lambda beat: _seconds(beat.inference_p50_ms),
    ),
    Measure(
        "smartlogd_inference_p95_seconds",
        "Time that the models took at most for 95 of 100 frames.",
        lambda beat: _seconds(beat.inference_p95_ms),
    ),
    Measure("smartlogd_pace_ratio", "Share of the frame rate that is used; below 1 while hot.", lambda beat: beat.pace),
    Measure("smartlogd_people_in_view", "People in view now.", lambda beat: beat.people),
    Measure("smartlogd_journal_ok", "1 while events reach the disk.", lambda beat: beat.journal == "ok"),
    Measure("smartlogd_parts_down", "Parts of the daemon that do not run.", lambda beat: len(beat.troubles)),
    Measure("smartlogd_sync_waiting_rows", "Rows that wait for the centre.", lambda beat: beat.waiting.rows),
    Measure("smartlogd_sync_oldest_waiting_seconds", "Age of the oldest of them.", lambda beat: beat.waiting.oldest_s),
    Measure("smartlogd_sync_dead_letters", "Rows the centre refused for good.", lambda beat: beat.waiting.dead_letters),
    Measure("smartlogd_temperature_celsius", "Temperature of the processor.", lambda beat: beat.body.temperature_c),
    Measure("smartlogd_disk_free_bytes", "Free room where the log lies.", lambda beat: beat.body.disk_free_bytes),
    Measure("smartlogd_disk_size_bytes", "Size of that file system.", lambda beat: beat.body.disk_total_bytes),
    Measure("smartlogd_resident_memory_bytes", "Memory the daemon holds.", lambda beat: beat.body.memory_bytes),
)
COUNTERS = (
    Measure("smartlogd_frames_total", "Frames carried through.", lambda beat: beat.frames),
    Measure("smartlogd_frames_dropped_total", "Frames that a newer one replaced.", lambda beat: beat.dropped),
    Measure("smartlogd_events_total", "Events that were logged.", lambda beat: beat.events),
    Measure("smartlogd_written_bytes_total", "What was written to the disk.", lambda beat: beat.body.written_bytes),
)


class Metrics:
    """Offers the heartbeat to Prometheus at `listen`, as the option telemetry.metrics says it."""

    def __init__(self, listen: str, beat: Callable[[], Heartbeat]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Beating(beat))
        self._page = Page(listen, PATH, CONTENT_TYPE, self.text)

    @property
    def port(self) -> int | None:
        """The port that is listened at, once it is."""
        return self._page.port

    async def run(self) -> None:
        """Answer until cancelled; raises a SmartlogError (fate RETRY) where nobody can listen there."""
        await self._page.run()

    def text(self) -> bytes:
        """Everything as the text format 0.0.4 has it."""
        return generate_latest(self._registry)


class _Beating(Collector):
    """Asks for a heartbeat each time Prometheus asks for the metrics."""

    def __init__(self, beat: Callable[[], Heartbeat]) -> None:
        self._beat = beat

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: there may be no heartbeat yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of one heartbeat."""
        beat = self._beat()
        yield InfoMetricFamily(
            "smartlogd_build", "Which device and version this is.", {"device": beat.device, "version": beat.version}
        )
        for name, says, of in GAUGES:
            value = of(beat)
            if value is not None:
                yield GaugeMetricFamily(name, says, value)
        for name, says, of in COUNTERS:
            value = of(beat)
            if value is not None:
                yield CounterMetricFamily(name, says, value)
        yield from _states(beat)
        yield from _lines(beat)
        yield _models(beat)


def _states(beat: Heartbeat) -> Iterator[Metric]:
    """What is one of several words, each with 1 where it holds and 0 where not."""
    rungs = tuple(rung.value for rung in Rung if rung is not Rung.NONE)
    flags = tuple(f"{flag}{when}" for flag in FLAGS for when in ("", "-before"))
    yield _one_of("smartlogd_state", "Where the daemon stands in its life.", "state", STATES, {beat.state})
    yield _one_of("smartlogd_camera_status", "How the camera fares.", "status", STATUSES, {beat.camera_status})
    yield _one_of("smartlogd_healing", "What is done because no frames come.", "rung", rungs, {beat.rung} - {""})
    yield _one_of(
        "smartlogd_throttled", "What the machine does, or did, to protect itself.", "flag", flags, beat.body.throttled
    )


def _one_of(name: str, says: str, label: str, words: tuple[str, ...], holding: Iterable[str]) -> Metric:
    metric = GaugeMetricFamily(name, says, labels=[label])
    now = frozenset(holding)
    for word in dict.fromkeys([*words, *sorted(now)]):
        metric.add_metric([word], word in now)
    return metric


def _lines(beat: Heartbeat) -> Iterator[Metric]:
    """How often each line was passed since midnight, and whether it counts at all."""
    crossings = GaugeMetricFamily(
        "smartlogd_crossings_today", "Passings of a line since midnight.", labels=["line", "direction"]
    )
    counting = GaugeMetricFamily("smartlogd_line_counting", "1 where passings of the line count.", labels=["line"])
    for line in beat.lines:
        crossings.add_metric([line.name, "in"], line.entered)
        crossings.add_metric([line.name, "out"], line.left)
        counting.add_metric([line.name], line.is_counting)
    yield crossings
    yield counting


def _models(beat: Heartbeat) -> Metric:
    models = InfoMetricFamily("smartlogd_model", "Which version of each model is in use.", labels=["model"])
    for name, version in beat.models.items():
        models.add_metric([name], {"version": version})
    return models


def _seconds(span_ms: float | None) -> float | None:
    return None if span_ms is None else span_ms / 1000
