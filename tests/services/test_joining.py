"""`smartlogd sync join` at a real centre, as a program: what it says when all is well, and when it is not."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smartlogd.base.errors import Exit
from smartlogd.store.fleet import fleet_wrapped

if TYPE_CHECKING:
    from centre import Centre

pytestmark = pytest.mark.services
Join = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def join(tmp_path: Path, centre: Centre) -> Join:
    """Join the centre of this test with the enrolment of its device, or one that differs in something."""
    enrolled, cluster = centre.enrol("door"), centre.cluster
    if not cluster.is_own or cluster.ca is None:
        pytest.skip("needs a server of our own")
    ca = cluster.ca.read_text()

    def joined(**other: object) -> subprocess.CompletedProcess[str]:
        secret = str(other.get("secret", enrolled.secret))
        whole = {
            "smartlogd": 1,
            "device": "door",
            "url": f"postgresql://localhost:{cluster.port}/{centre.name}",
            "login": enrolled.login,
            "secret": secret,
            "ca": ca,
            "fleet_key": base64.b64encode(fleet_wrapped(bytes(32), secret, "door")).decode(),
            **other,
        }
        return subprocess.run(
            [sys.executable, "-m", "smartlogd", "sync", "join", "-"],
            input=json.dumps(whole), capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
            env={**os.environ, "HOME": str(tmp_path), "SMARTLOG_DEVICE__STATE_DIR": str(tmp_path / "state")},
        )  # fmt: skip

    return joined


def test_a_device_joins_a_centre_that_answers(join: Join, tmp_path: Path) -> None:
    told = join()
    assert (told.returncode, told.stderr) == (0, "")
    assert "This device is door at localhost, which answers" in told.stdout
    assert (tmp_path / "state" / "centre.json").is_file()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"secret": "not-the-right-secret"}, "The centre refuses this device"),
        ({"login": "smartlogd_nobody"}, "The centre refuses this device"),
        ({"ca": None}, "The centre does not prove who it is"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    join: Join, tmp_path: Path, other: dict[str, object], said: str
) -> None:
    told = join(**other)
    assert told.returncode == Exit.PERMISSION
    assert said in told.stderr
    assert "not-the-right-secret" not in told.stdout + told.stderr
    assert not (tmp_path / "state" / "centre.json").exists()


def test_a_device_that_was_shut_out_is_told_so(join: Join, centre: Centre) -> None:
    centre.execute("UPDATE devices SET enabled = false WHERE name = 'door'")
    told = join()
    assert told.returncode == Exit.PERMISSION
    assert "The centre refuses this device" in told.stderr
