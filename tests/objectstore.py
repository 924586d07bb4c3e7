"""A real object store that speaks S3, for the tests: OpenStack Swift with s3api, on free ports of the loopback.

It checks signatures, their expiry, the sums of what it is sent, and the sizes of parts. One server for the whole run;
each test takes a bucket of its own. A test may kill the server that it speaks to (`kill`) and start it again (`start`).
"""

from __future__ import annotations

import hashlib
import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

ACCESS, SECRET = "test:tester", "testing-is-not-secret"
REGION = "us-east-1"
_STORES = ("account", "container", "object")
_PROGRAMS = ("swift-proxy-server", "swift-ring-builder", "memcached", *(f"swift-{name}-server" for name in _STORES))
_STARTED_S = 60.0
_PIPELINE = (
    "catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes"
)
_SETTINGS = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/srv
mount_check = false
user = {user}
workers = 0
log_address = /dev/null
"""
_STORE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_OBJECT = "allow_open_expired = false\n"
_FRONT = """
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = {region}
dns_compliant_bucket_names = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
"""
_PLAIN = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "slo", "dlo")


def needs() -> None:
    """Skip the test where the object store is not installed."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path=_path()) is None]
    if missing:
        pytest.skip(
            f"needs {missing[0]} (apt install swift-proxy swift-account swift-container swift-object memcached)"
        )


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class ObjectStore:
    """A Swift of our own in a folder under /tmp."""

    def __init__(self) -> None:
        needs()
        self.folder = Path(tempfile.mkdtemp(prefix="smartlog-s3-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._user = "swift" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self.port, self._cache, *ports = _free_ports(2 + len(_STORES))
        self._ports = dict(zip(_STORES, ports, strict=True))
        self._configure()

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> Any:
        """A bare client, as its library makes it."""
        import boto3
        from botocore.config import Config

        settings = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **more)
        return boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET, region_name=REGION,
            config=settings,
        )  # fmt: skip

    def start(self) -> None:
        """Start what does not run, and wait until it answers."""
        if "memcached" not in self._programs:
            self._run("memcached", "-u", self._user, "-l", "127.0.0.1", "-p", str(self._cache))
        for name in (*_STORES, "proxy"):
            if name not in self._programs:
                self._run(name, str(self.folder / f"{name}.conf"), program=f"swift-{name}-server")
        until = time.monotonic() + _STARTED_S
        while not self._answers():
            dead = [name for name, program in self._programs.items() if program.poll() is not None]
            assert not dead, f"{dead[0]} ended: {(self.folder / f'{dead[0]}.log').read_text()[-2000:]}"
            assert time.monotonic() < until, "the object store does not answer"
            time.sleep(0.05)

    def kill(self, name: str = "proxy") -> None:
        """Kill one of its programs as a power cut would: the one that speaks with clients, unless said otherwise."""
        program = self._programs.pop(name)
        program.send_signal(signal.SIGKILL)
        program.wait(10)

    def remove(self) -> None:
        """Kill all of it and take away its folder."""
        for name in list(self._programs):
            self.kill(name)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(line), suppress(OSError, http.client.HTTPException):
            line.request("GET", "/healthcheck")
            return line.getresponse().status == 200 and self._lists()
        return False

    def _lists(self) -> bool:
        """Whether the servers behind it answer too."""
        from botocore.exceptions import BotoCoreError, ClientError

        with closing(self.client()) as client, suppress(BotoCoreError, ClientError):
            client.list_buckets()
            return True
        return False

    def _run(self, name: str, *words: str, program: str | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._programs[name] = subprocess.Popen(
                [shutil.which(program or name, path=_path()) or name, *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip

    def _configure(self) -> None:
        (self.folder / "srv" / "d1").mkdir(parents=True)
        named = {"folder": self.folder, "user": self._user}
        (self.folder / "swift.conf").write_text(
            f"[swift-hash]\nswift_hash_path_suffix = {uuid4().hex}\n[storage-policy:0]\nname = p0\ndefault = yes\n"
        )
        for name, port in self._ports.items():
            self._ring(name, port)
            written = _SETTINGS.format(port=port, **named) + _STORE.format(name=name)
            (self.folder / f"{name}.conf").write_text(written + (_OBJECT if name == "object" else ""))
        plain = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in _PLAIN)
        front = _FRONT.format(pipeline=_PIPELINE, region=REGION, secret=SECRET, cache=self._cache)
        (self.folder / "proxy.conf").write_text(_SETTINGS.format(port=self.port, **named) + front + plain)
        if os.geteuid() == 0:
            account = pwd.getpwnam(self._user)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, account.pw_uid, account.pw_gid)

    def _ring(self, name: str, port: int) -> None:
        for words in (("create", "4", "1", "1"), ("add", f"r1z1-127.0.0.1:{port}/d1", "100"), ("rebalance",)):
            subprocess.run(
                ["swift-ring-builder", f"{name}.builder", *words], cwd=self.folder, check=False, capture_output=True
            )
        assert (self.folder / f"{name}.ring.gz").exists()


class Bucket:
    """A bucket of one test, and what a bystander sees in it."""

    def __init__(self, store: ObjectStore) -> None:
        self.store, self.name = store, f"test-{uuid4().hex[:12]}"
        self.client = store.client()
        self.client.create_bucket(Bucket=self.name)

    def names(self) -> list[str]:
        """What is in it."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def unfinished(self) -> list[str]:
        """Keys of what was begun in parts and not finished."""
        return [entry["Key"] for entry in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])]

    def sha256(self, key: str) -> str:
        """Of what a stranger would be given."""
        with closing(self.client.get_object(Bucket=self.name, Key=key)["Body"]) as body:
            return hashlib.sha256(body.read()).hexdigest()

    def close(self) -> None:
        """Hang up."""
        self.client.close()


@contextmanager
def running() -> Iterator[ObjectStore]:
    """An object store, started; removed at the end."""
    store = ObjectStore()
    try:
        store.start()
        yield store
    finally:
        store.remove()
