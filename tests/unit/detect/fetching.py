"""A made-up model, a server on loopback that can misbehave, and a made-up wheel."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from smartlogd.detect.catalogue import Address, ModelSpec, Sdist, Source, Wheel

CONTENT = bytes(range(256)) * 1200  # several of the downloader's chunks
NOWHERE = Address("http://127.0.0.1:9/one.tflite")  # the discard port: nobody listens
OTHER = b"another model"


def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def mirror(tmp_path: Path, **files: bytes) -> Path:
    made = tmp_path / "mirror"
    made.mkdir()
    for name, content in files.items():
        (made / f"{name}.tflite").write_bytes(content)
    return made


def spec(*sources: Source, name: str = "one", content: bytes = CONTENT) -> ModelSpec:
    digest = hashlib.sha256(content).hexdigest()
    return ModelSpec(name, "1", "detector", len(content), digest, "CC0-1.0", "none", "none", ".tflite", sources)


class Server(ThreadingHTTPServer):
    """Gives `content`; `behaviour` says how badly."""

    daemon_threads = True

    def __init__(self, content: bytes, behaviour: str) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.behaviour = content, behaviour
        self.asked: list[str | None] = []

    @property
    def address(self) -> Address:
        return Address(f"http://127.0.0.1:{self.server_port}/one.tflite")


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if self.server.behaviour == "not found":
            return self.send_error(404)
        if self.server.behaviour == "no range" and wanted:
            return self.send_error(416)
        if self.server.behaviour == "ignores range":
            start, wanted = 0, None
        self._give(start, partial=wanted is not None)
        return None

    def _give(self, start: int, *, partial: bool) -> None:
        body = self.server.content[start:]
        self.send_response(206 if partial else 200)
        if partial:
            whole = len(self.server.content)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        breaks = self.server.behaviour == "breaks off" or (
            self.server.behaviour == "breaks off once" and len(self.server.asked) == 1
        )
        self.wfile.write(body[: len(body) // 2] if breaks else body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
        return


@contextmanager
def serving(content: bytes = CONTENT, behaviour: str = "well") -> Iterator[Server]:
    with Server(content, behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def wheel_file(folder: Path, members: dict[str, bytes], name: str = "smalldemo") -> Wheel:
    """Write a wheel for another Python and platform than any that runs the tests; pip is told to look for it there."""
    path = folder / f"{name}-1.0-cp311-cp311-manylinux2014_s390x.whl"
    facts = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{facts}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp311-cp311-manylinux2014_s390x\n"
        )
        archive.writestr(f"{facts}/RECORD", "")
        for member, content in members.items():
            archive.writestr(member, content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel(name, "1.0", "3.11", "cp311", "manylinux2014_s390x", path.stat().st_size, digest)


def sdist_file(folder: Path, members: dict[str, bytes], name: str = "smalldemo") -> Sdist:
    """Write a source archive whose setup.py must not be run; pip is told to look for it there."""
    path = folder / f"{name}-1.0.tar.gz"
    code = b"raise SystemExit('setup.py was run')"
    top = {f"{name}-1.0/setup.py": code, f"{name}-1.0/PKG-INFO": b"Metadata-Version: 1.1\nName: x\nVersion: 1.0\n"}
    with tarfile.open(path, "w:gz") as archive:
        for member, content in {**top, **members}.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return Sdist(name, "1.0", path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
