"""`smartlogd share open` on a device that has joined a centre: an address that anyone opens, as often as it may be."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from objectstore import ACCESS, SECRET, Bucket

from smartlogd.base.errors import Exit
from smartlogd.store.fleet import fleet_wrapped
from smartlogd.store.share import token_sha256

if TYPE_CHECKING:
    from centre import Centre

pytestmark = pytest.mark.services
Said = subprocess.CompletedProcess[str]
Smartlogd = Callable[..., Said]

CLIP = """
INSERT INTO clips (user_id, device_id, event_id, start_ts, duration_ms, s3_uri, labels, phase, share_token_hash,
    share_expires_at, share_uses_left)
SELECT user_id, id, %s, now(), 1000, %s, '[]', 'uploaded', %s, now() + interval '1 hour', 2 FROM devices
"""


@pytest.fixture
def smartlogd(tmp_path: Path, bucket: Bucket) -> Smartlogd:
    """The command line of a device whose settings name this object store."""
    state = tmp_path / "state"
    settings = {
        "DEVICE__STATE_DIR": str(state),
        "DEVICE__NAME": "door",
        "SYNC__MEDIA__BUCKET": bucket.name,
        "SYNC__MEDIA__ENDPOINT": bucket.store.url,
    }
    environment = {**os.environ, "HOME": str(tmp_path), **{f"SMARTLOG_{key}": text for key, text in settings.items()}}

    def called(*words: str, told: str = "") -> Said:
        return subprocess.run(
            [sys.executable, "-m", "smartlogd", *words],
            input=told, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60, env=environment,
        )  # fmt: skip

    return called


@pytest.fixture
def joined(smartlogd: Smartlogd, centre: Centre, tmp_path: Path) -> None:
    """It has joined, and has keys for the object store."""
    enrolled, cluster = centre.enrol("door"), centre.cluster
    if not cluster.is_own or cluster.ca is None:
        pytest.skip("needs a server of our own")
    enrolment = {
        "smartlogd": 1,
        "device": "door",
        "url": f"postgresql://localhost:{cluster.port}/{centre.name}",
        "login": enrolled.login,
        "secret": enrolled.secret,
        "ca": cluster.ca.read_text(),
        "fleet_key": base64.b64encode(fleet_wrapped(bytes(32), enrolled.secret, "door")).decode(),
    }
    assert smartlogd("sync", "join", "-", told=json.dumps(enrolment)).returncode == 0
    secret = tmp_path / "state" / "s3.secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{ACCESS}\n{SECRET}\n")


@pytest.mark.usefixtures("joined")
def test_a_link_opens_an_address_at_the_object_store_as_often_as_it_may(
    smartlogd: Smartlogd, centre: Centre, bucket: Bucket
) -> None:
    token, id_ = secrets.token_hex(32), str(uuid4())
    key = f"smartlog/door/2026/11/22/{id_}.mp4"
    bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"a film")
    centre.execute(CLIP, id_, f"s3://{bucket.name}/{key}", token_sha256(token))

    told = smartlogd("share", "open", token)
    assert (told.returncode, told.stderr) == (0, "")
    with urllib.request.urlopen(told.stdout.strip(), timeout=10) as answer:
        assert answer.read() == b"a film"
    told = smartlogd("share", "open", "-", "--json", told=token)
    fields = json.loads(told.stdout)
    assert (fields["recording"], fields["uses_left"], fields["type"]) == (id_, 0, "video/mp4")
    told = smartlogd("share", "open", token)
    assert told.returncode == Exit.MISSING
    assert "opens nothing" in told.stderr
    assert token not in told.stderr
