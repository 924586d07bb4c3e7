"""Who is told how the device fares: begun, exchanged by a reload, and never an error of the daemon."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from kept import running
from lens import alongside, until

from smartlogd import reporting, wiring
from smartlogd.base.errors import WrongConfiguration
from smartlogd.base.health import Backlog, Body, Heartbeat
from smartlogd.base.time import Stamp
from smartlogd.reporting import Reporter
from smartlogd.settings import Settings

BEAT = Heartbeat(
    device="yard", version="1", boot_id="b", at=Stamp(0, dt.datetime(2026, 11, 22, tzinfo=dt.UTC), trusted=True),
    uptime_s=1.0, state="running", camera="demo", camera_status="running", fps=9.8, inference_p50_ms=None,
    inference_p95_ms=None, frame_age_s=None, frames=7, dropped=0, events=0, people=0, lines=(), last_crossing=None,
    waiting=Backlog(), journal="ok", body=Body(),
)  # fmt: skip


class Caller:
    """What stands for a connection to a broker: begun, asked, ended."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.pokes = self.beats = 0
        self.is_live = self.is_over = False

    async def run(self) -> None:
        self.is_live = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_over = True

    def state(self) -> Mapping[str, object]:
        return {"word": "online", "host": self.host}

    def poke(self) -> None:
        self.pokes += 1

    def beat(self) -> None:
        self.beats += 1

    async def act(self, step: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any]:
        return {"result": "done", "detail": f"{step['type']} within {timeout_s} s"}


class Desk:
    """A reporter, its settings, and every broker that it called."""

    def __init__(self, store: Any) -> None:
        self.lines: list[str] = []
        self.calls: list[Caller] = []
        self.feeds: list[Any] = []
        self.trouble: WrongConfiguration | None = None
        self.settings = settings()
        notifier: Any = SimpleNamespace(status=self.lines.append)
        vitals: Any = SimpleNamespace(beat=lambda: BEAT)
        self.reporter = Reporter(lambda: self.settings, store, vitals, notifier, self.obey)

    async def obey(self, _: object) -> Mapping[str, object]:
        return {}

    def broker(self, given: Settings, *_: object) -> Caller:
        if self.trouble:
            raise self.trouble
        self.calls.append(Caller(given.telemetry.mqtt.host))
        return self.calls[-1]

    def reload(self, new: Settings) -> None:
        old, self.settings = self.settings, new
        self.reporter.changed(old, new)


def settings(host: str = "", metrics: str = "", **movement: object) -> Settings:
    telemetry = {"metrics": metrics, "mqtt": {"host": host, "tls": False}}
    return Settings.model_validate({"telemetry": telemetry, "movement": movement})


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with running(tmp_path) as store:
        made = Desk(store)
        opened: Callable[..., Any] = wiring.feed

        def feed(store: Any) -> Any:
            made.feeds.append(opened(store))
            return made.feeds[-1]

        monkeypatch.setattr(wiring, "broker", made.broker)
        monkeypatch.setattr(wiring, "feed", feed)
        yield made


async def test_systemd_is_told_in_one_live_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "STATUS_S", 0.01)
    async with alongside(desk.reporter.run()):
        await until(lambda: len(desk.lines) > 2)
    assert "demo" in desk.lines[0] or "9.8" in desk.lines[0]


async def test_without_a_broker_nobody_is_called(desk: Desk) -> None:
    async with alongside(desk.reporter.run()):
        await until(lambda: desk.lines)
        desk.reporter.poke()
        assert desk.reporter.state() == {"mqtt": {"word": "off", "detail": ""}, "metrics": ""}
    assert (desk.calls, desk.feeds) == ([], [])


async def test_other_settings_of_the_broker_end_one_call_and_begin_another(desk: Desk) -> None:
    desk.settings = settings("one.example")
    async with alongside(desk.reporter.run()):
        await until(lambda: desk.calls and desk.calls[0].is_live)
        desk.reload(settings("one.example", confirm_hits=7))
        assert desk.calls[0].pokes == 1, "the lines may be others"
        desk.reload(settings("two.example"))
        await until(lambda: len(desk.calls) == 2 and desk.calls[1].is_live)
        assert (desk.calls[0].is_over, desk.reporter.state()["mqtt"]) == (True, desk.calls[1].state())
        desk.reload(settings())
        await until(lambda: desk.calls[1].is_over)
        await until(lambda: desk.reporter.state()["mqtt"] == {"word": "off", "detail": ""})
    assert [feed._is_closed for feed in desk.feeds] == [True, True]


async def test_a_routine_is_helped_and_a_heartbeat_sent_where_there_is_a_broker(desk: Desk) -> None:
    desk.settings = settings("one.example")
    await desk.reporter.beat()
    assert await desk.reporter.act({"type": "treat"}, 2.0) == {"result": "away"}
    async with alongside(desk.reporter.run()):
        await until(lambda: desk.calls and desk.calls[0].is_live)
        await desk.reporter.beat()
        assert desk.calls[0].beats == 1
        assert await desk.reporter.act({"type": "treat"}, 2.0) == {"result": "done", "detail": "treat within 2.0 s"}
    assert await desk.reporter.act({"type": "treat"}, 2.0) == {"result": "away"}


async def test_at_the_end_it_hangs_up_and_remembers_its_place(desk: Desk) -> None:
    desk.settings = settings("one.example")
    async with alongside(desk.reporter.run()):
        await until(lambda: desk.calls and desk.calls[0].is_live)
    assert (desk.calls[0].is_over, desk.feeds[0]._is_closed) == (True, True)
    desk.reporter.poke()
    assert desk.calls[0].pokes == 0


async def test_a_login_that_cannot_be_used_is_told_until_a_reload_mends_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.settings, desk.trouble = settings("one.example"), WrongConfiguration("No password.", "Give one.")
    async with alongside(desk.reporter.run()) as task:
        await until(lambda: desk.reporter.state()["mqtt"] == {"word": "refused", "detail": "No password. Give one."})
        assert not task.done()
        desk.trouble = None
        desk.reload(settings("two.example"))
        await until(lambda: desk.calls and desk.calls[0].is_live)
        assert desk.reporter.state()["mqtt"] == {"word": "online", "host": "two.example"}
    assert caplog.messages == ["no broker"]


async def asked(path: str) -> bytes:
    """The first line of what is answered there."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_prometheus_may_ask_where_and_while_the_settings_say_so(desk: Desk) -> None:
    with TemporaryDirectory() as folder:  # short enough for a socket's path
        path = Path(folder) / "metrics.sock"
        desk.settings = settings(metrics=f"unix:{path}")
        async with alongside(desk.reporter.run()):
            await until(path.exists)
            assert b"200" in await asked(str(path))
            desk.reload(settings())
            await until(lambda: not path.exists())
            assert desk.reporter.state()["metrics"] == ""


async def test_a_place_where_nobody_can_listen_stops_nobody_else(desk: Desk, tmp_path: Path) -> None:
    desk.settings = settings("one.example", metrics=f"unix:{tmp_path}")
    async with alongside(desk.reporter.run()) as task:
        await until(lambda: desk.calls and desk.calls[0].is_live)
        await until(lambda: "metrics" in desk.reporter._troubles)
        assert not task.done()
        assert not desk.calls[0].is_over
