"""The two ways in which Raspberry Pi OS is told who it is: cloud-init on Trixie, a script at first boot on Bookworm."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Literal

from flashing.fat import BootPartition
from flashing.refusal import UNUSABLE_INPUT, Refused

MOUNTED = "/boot/firmware"
FOLDER = "smartlogd"
_FIRST_TRIXIE = "2025-10-01"


@dataclass(frozen=True)
class System:
    """What stands on a boot partition: how it is customised, and which Python that system has."""

    way: Literal["cloud-init", "firstrun"]
    python: str


@dataclass(frozen=True)
class Wifi:
    """A network to join; `key` is the passphrase already turned into 64 hexadecimal digits."""

    ssid: str
    key: str
    country: str


@dataclass(frozen=True)
class Person:
    """Who this card is for: the device's name, the account on it, and the keys that open it."""

    hostname: str
    user: str
    keys: tuple[str, ...]


def told_apart(boot: BootPartition) -> System:
    """Which system this is, by what stands on its boot partition; Refused for one that is not ours to customise."""
    names = set(boot.names())
    if "cmdline.txt" not in names or "config.txt" not in names:
        hint = "Take the image that raspberrypi.com offers, 64-bit."
        what = "This is no image of Raspberry Pi OS: it has no cmdline.txt and config.txt."
        raise Refused(UNUSABLE_INPUT, what, hint)
    if "kernel7.img" in names or "kernel7l.img" in names:
        hint = "Take the 64-bit edition (arm64); a Raspberry Pi 3 and later can run it."
        raise Refused(UNUSABLE_INPUT, "This is a 32-bit image; smartlogd runs on 64-bit systems only.", hint)
    if {"user-data", "meta-data"} <= names:
        return System("cloud-init", "3.13")
    issue = boot.read("issue.txt").decode(errors="replace") if "issue.txt" in names else ""
    made = re.search(r"\d{4}-\d\d-\d\d", issue)
    return System("firstrun", "3.13" if made and made.group() >= _FIRST_TRIXIE else "3.11")


def cmdline(before: str, *, without: str, words: list[str]) -> bytes:
    """The kernel's command line with these words at its end, and without those that begin as `without` says.

    >>> cmdline("console=tty1 ds=nocloud;i=old rootwait", without="ds=", words=["ds=nocloud;i=new"]).strip()
    b'console=tty1 rootwait ds=nocloud;i=new'
    """
    kept = [word for word in before.split() if not word.startswith(without)]
    return (" ".join([*kept, *words]) + "\n").encode()


# Trixie ------------------------------------------------------------------------------------------


def user_data(person: Person) -> bytes:
    """What cloud-init makes of the device. JSON is YAML, and leaves nothing to be quoted wrongly.

    `bootcmd` runs at every start: a power cut at any moment of the first one is made good at the next.
    """
    script = f"{MOUNTED}/{FOLDER}/first-boot.sh"
    told = {
        "hostname": person.hostname,
        "manage_etc_hosts": True,
        "user": {
            "name": person.user,
            "shell": "/bin/bash",
            "lock_passwd": True,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "ssh_authorized_keys": list(person.keys),
        },
        "ssh_pwauth": False,
        "bootcmd": [["sh", "-c", f"test ! -e {script} || sh {script} arm"]],
        "runcmd": [
            ["systemctl", "enable", "--now", "ssh"],
            ["systemctl", "start", "--no-block", "smartlogd-first-boot.service"],
        ],
    }
    return f"#cloud-config\n{_json(told)}".encode()


def meta_data(instance: str) -> bytes:
    """Which instance this is; the kernel's command line says the same."""
    return f"instance-id: {instance}\n".encode()


def network_config(wifi: Wifi) -> bytes:
    """The wired network and this wireless one, as netplan wants it; 64 digits are understood as the key itself."""
    told = {
        "network": {
            "version": 2,
            "ethernets": {"eth0": {"dhcp4": True, "dhcp6": True, "optional": True}},
            "wifis": {
                "wlan0": {
                    "dhcp4": True,
                    "optional": True,
                    "regulatory-domain": wifi.country,
                    "access-points": {wifi.ssid: {"password": wifi.key}},
                }
            },
        }
    }
    return _json(told).encode()


# Bookworm ----------------------------------------------------------------------------------------


def connection(wifi: Wifi) -> bytes:
    """The wireless network as a file of NetworkManager's; its name as bytes, which needs no quoting."""
    name = "".join(f"{byte};" for byte in wifi.ssid.encode())
    lines = ["[connection]", "id=smartlogd-wifi", "type=wifi", "[wifi]", "mode=infrastructure", f"ssid={name}"]
    lines += ["[wifi-security]", "key-mgmt=wpa-psk", f"psk={wifi.key}", "[ipv4]", "method=auto"]
    return ("\n".join([*lines, "[ipv6]", "method=auto"]) + "\n").encode()


def card_env(person: Person, wifi: Wifi | None) -> bytes:
    """What the scripts on the card need to know, as a shell reads it."""
    told = {"CARD_HOSTNAME": person.hostname, "CARD_USER": person.user, "CARD_COUNTRY": wifi.country if wifi else ""}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items()).encode()


def _json(told: object) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
