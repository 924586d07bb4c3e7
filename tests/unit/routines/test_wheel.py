"""APScheduler as it is used here."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from smartlogd.routines.wheel import Wheel


async def test_a_job_is_woken_when_nothing_is_left_to_wait_and_not_again_before_it_came_back(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    left_s, woken = {"job": 3600.0}, 0
    back = asyncio.Event()

    async def come(name: str) -> None:
        nonlocal woken
        woken += 1
        await back.wait()

    def passed(name: str) -> None:
        left_s[name] = 0.01

    wheel = Wheel(lambda name: left_s[name], passed, come)
    wheel.start()
    wheel.put("job")
    await asyncio.sleep(0.05)
    assert woken == 0
    left_s["job"] = 0.0
    wheel.turn("job")
    await asyncio.sleep(0.1)
    assert woken == 1, "it has not come back"
    back.set()
    await asyncio.sleep(0.1)
    assert woken > 2
    wheel.take("job")
    await asyncio.sleep(0.02)
    before = woken
    await asyncio.sleep(0.05)
    wheel.stop()
    await asyncio.sleep(0.01)
    assert woken == before
    assert [record for record in caplog.records if record.name.startswith("apscheduler")] == []
    assert capfd.readouterr() == ("", "")


def test_nothing_else_of_ours_loads_apscheduler() -> None:
    program = "import sys, smartlogd.routines.schedule as s; sys.exit('apscheduler' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
