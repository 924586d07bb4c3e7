"""What can be known of the line to the centre without a centre; tests/services/test_sync.py has one."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from smartlogd.sync.bundle import Address, Bundle
from smartlogd.sync.options import SyncOptions
from smartlogd.sync.timescale import Door, TimescaleCentre
from smartlogd.sync.trouble import CentreAway

SECRET = "correct-horse-battery"
QUICK = SyncOptions().model_copy(update={"answer_s": 1.0, "connect_s": 2.0})


def door(port: int, **more: object) -> Door:
    address = Address(host="127.0.0.1", port=port, database="smartlog", sslmode="disable")
    return Door(address, "smartlogd_door", SECRET, **more)


def bundle(**more: object) -> Bundle:
    return Bundle.model_validate(
        {
            "smartlogd": 1,
            "device": "door",
            "url": "postgresql://centre.example.org/smartlog",
            "login": "smartlogd_door",
            "secret": SECRET,
            "fleet_key": "AAAA",
            **more,
        }
    )


def test_a_door_shows_its_secret_nowhere() -> None:
    made = Door.of(bundle(), SyncOptions())
    assert made.secret == SECRET
    assert SECRET not in repr(made)
    assert SECRET not in repr(TimescaleCentre(made, SyncOptions()))


def test_the_settings_may_say_another_address_and_a_certificate() -> None:
    options = SyncOptions(
        url="postgresql://10.0.0.7:6432/log", client_certificate="/etc/door.crt", client_key="/etc/door.key"
    )
    made = Door.of(bundle(), options)
    assert (made.address.host, made.address.port, made.address.database) == ("10.0.0.7", 6432, "log")
    assert (made.certificate, made.key) == (Path("/etc/door.crt"), Path("/etc/door.key"))


async def test_a_port_at_which_nobody_listens_is_a_centre_that_is_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    centre = TimescaleCentre(door(port), QUICK)
    with pytest.raises(CentreAway, match="cannot be reached") as refused:
        await centre.pull(0, 10)
    assert SECRET not in str(refused.value)
    await centre.close()


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    hung_up = asyncio.Event()
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(CentreAway, match="within 2 s"):
        await TimescaleCentre(door(server.sockets[0].getsockname()[1]), QUICK).pull(0, 10)
    assert asyncio.get_running_loop().time() - began_s < 4
    server.close()
    gc.collect()
    async with asyncio.timeout(5):
        await hung_up.wait()


async def test_a_host_that_can_be_nobodys_is_away() -> None:
    address = Address(host="x" * 80 + ".example.org", port=5432, database="smartlog")
    with pytest.raises(CentreAway):
        await TimescaleCentre(Door(address, "smartlogd_door", SECRET), QUICK).pull(0, 10)


async def test_the_authority_of_the_enrolment_stays_in_memory_and_leaves_no_file_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(CentreAway):
        await TimescaleCentre(door(port, ca="-----BEGIN CERTIFICATE-----\n"), QUICK).pull(0, 10)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_the_driver_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, smartlogd.sync.runner, smartlogd.sync.timescale; print('psycopg' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
