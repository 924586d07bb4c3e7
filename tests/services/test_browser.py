"""Clips in a real browser: Debian's Chromium, without a screen, loads each over HTTP and says what it saw."""

from __future__ import annotations

import asyncio
import json
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filmed import MemoryShelf, at, coded, raw

from smartlogd.base.ids import LiveIds
from smartlogd.base.seen import Frame
from smartlogd.base.time import SystemClock
from smartlogd.record.options import RecordOptions
from smartlogd.record.recorder import Recorder

pytestmark = pytest.mark.services

PAGE = b"""<!doctype html><video muted playsinline></video><script>
const video = document.querySelector("video"), canvas = document.createElement("canvas");
const tell = what => fetch("/told", {method: "POST", body: JSON.stringify(what)});
const soon = (event, ms) => new Promise((done, fail) => {
  video.addEventListener(event, done, {once: true});
  video.addEventListener("error", () => fail(new Error(video.error.message)), {once: true});
  setTimeout(() => fail(new Error("no " + event)), ms);
});
const shade = () => {
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  const columns = [];
  for (let bit = 0; bit < 12; bit++)
    columns.push(pen.getImageData((bit + 0.5) * canvas.width / 12, canvas.height / 4, 1, 1).data[0] > 120);
  return columns.reduce((sum, isSet, bit) => sum + (isSet ? 1 << bit : 0), 0);
};
const at = async seconds => {
  const there = soon("seeked", 20000);
  video.currentTime = seconds;
  await there;
  return shade();
};
(async () => {
  video.src = "/clip.mp4";
  await soon("canplaythrough", 20000);
  const seen = {ready: video.readyState, duration: video.duration, width: video.videoWidth, height: video.videoHeight};
  seen.shown = [await at(0.05), await at(3.05), await at(video.duration - 0.05)];
  const ended = soon("ended", 30000);
  video.currentTime = video.duration - 1; await video.play(); await ended;
  seen.played = video.ended;
  tell(seen);
})().catch(error => tell({error: error.message}));
</script>"""


@contextmanager
def served(clip: Path) -> Iterator[tuple[str, queue.Queue[dict[str, Any]]]]:
    """The page and the clip on a loopback port, and what the page tells of it."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    video = clip.read_bytes()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/clip.mp4":
                self._video()
            elif self.path == "/":
                self._send(200, "text/html", PAGE)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(200, "text/plain", b"")

        def _video(self) -> None:
            wanted = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")
            begin, end = int(wanted[0] or 0), int(wanted[1] or len(video) - 1)
            span = f"bytes {begin}-{end}/{len(video)}"
            self._send(206, "video/mp4", video[begin : end + 1], **{"Content-Range": span, "Accept-Ranges": "bytes"})

        def _send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def watched(clip: Path, profile: Path) -> dict[str, Any]:
    """What Chromium makes of the clip."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium, which `make test-deps` brings")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--mute-audio"]
    flags += ["--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}", "--disable-extensions"]
    with served(clip) as (address, told):
        browser = subprocess.Popen(
            [chromium, *flags, address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"HOME": str(profile), "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
        try:
            return told.get(timeout=90)
        finally:
            browser.send_signal(signal.SIGTERM)
            try:
                browser.wait(10)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()


async def cut(folder: Path, frames: list[Frame], options: RecordOptions) -> Path:
    """A clip of ten seconds in the middle, as the daemon cuts one."""
    shelf = MemoryShelf(folder)
    recorder = Recorder(lambda: options, shelf, folder, LiveIds(), SystemClock())
    clip: asyncio.Task[object] | None = None
    for frame in frames:
        recorder.watch(frame, None, ())
        await asyncio.sleep(0.004)
        await recorder.step()
        if frame.stamp == at(110.0):
            clip = asyncio.create_task(recorder.clip(10.0))
    assert clip is not None
    await clip
    if recorder._film:
        recorder._film.close(2.0)
    ((_, filed),) = shelf.clips()
    return folder / filed.path


FRAMES = {
    "packets": lambda: coded(raw(18)),
    "packets that refer back and forth": lambda: coded(raw(18), back_and_forth=True),
    "encoded here": lambda: raw(18),
}


@pytest.mark.parametrize("of", FRAMES)
async def test_a_clip_plays_in_a_browser(tmp_path: Path, of: str) -> None:
    clip = await cut(tmp_path, FRAMES[of](), RecordOptions(encoder="libx264", encode_fps=30))
    seen = await asyncio.to_thread(watched, clip, tmp_path / "profile")
    assert "error" not in seen, seen
    assert seen["ready"] == 4, "enough of it is there to play it through"
    assert seen["duration"] == pytest.approx(10.0, abs=0.6)
    assert (seen["width"], seen["height"]) == (192, 96)
    first, later, last = seen["shown"]
    assert abs(first - 50) <= 3, "it begins five seconds before it was asked for, give or take 0.3"
    assert later == first + 30, "its pictures are the right ones"
    assert last - first == pytest.approx(seen["duration"] * 10 - 1, abs=1)
    assert seen["played"], "it plays to its end"
