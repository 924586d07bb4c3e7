"""What the person gave, judged before anything is written: names, keys, settings, enrolment, passphrase."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

from flashing.refusal import MISSING, PERMISSION, UNUSABLE_INPUT, USAGE, Refused, reason

ROOT = Path(__file__).resolve().parents[2]
_LARGEST = 256 * 1024
_KEY_KINDS = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)
_BUNDLE = {"smartlogd": int, "device": str, "url": str, "login": str, "fleet_key": str}
_READ_BY_OURS = """
import sys; from pathlib import Path
try:
    from smartlogd.base.errors import SmartlogError
    from smartlogd.settings import read_settings
except ImportError:
    raise SystemExit(42)
try:
    read_settings(Path(sys.argv[1]))
except SmartlogError as error:
    print(error)
    raise SystemExit(1)
"""


def hostname(name: str) -> str:
    """The name again, if a device may be called so."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        hint = "Use a to z, 0 to 9 and - within it, at most 63 letters: front-door."
        raise Refused(USAGE, f"{name!r} cannot be a host name.", hint)
    return name


def user(name: str) -> str:
    """The name again, if an account may be called so."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", name) or name in ("root", "smartlogd"):
        raise Refused(USAGE, f"{name!r} cannot be the name of the card's account.", "Use a to z, 0 to 9, _ and -.")
    return name


def ssid(name: str) -> str:
    """The network's name again, if there can be one of that name."""
    if not 1 <= len(name.encode()) <= 32 or not name.isprintable():
        raise Refused(USAGE, "A Wi-Fi network's name has 1 to 32 bytes, all of them printable.")
    return name


def country(code: str | None) -> str:
    """The country again; without one the radio stays off."""
    if code is None or not re.fullmatch(r"[A-Z]{2}", code):
        hint = "Two capital letters, as in --wifi-country DE: without them the radio stays off."
        raise Refused(USAGE, "Wi-Fi needs the country in which it sends.", hint)
    return code


def wifi_key(passphrase: str, network: str) -> str:
    """The 64 hexadecimal digits that open the network, made of its passphrase as IEEE 802.11i says.

    >>> wifi_key("password", "IEEE")
    'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e'
    """
    if re.fullmatch(r"[0-9A-Fa-f]{64}", passphrase):
        return passphrase.lower()
    if not 8 <= len(passphrase) <= 63 or not all(" " <= letter <= "~" for letter in passphrase):
        raise Refused(UNUSABLE_INPUT, "A Wi-Fi passphrase has 8 to 63 letters, without accents.")
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), network.encode(), 4096, 32).hex()


def read(path: Path, what: str) -> bytes:
    """The bytes of a small file that was named; `what` says what it should have been."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise Refused(MISSING, f"There is no file {path}, which should hold {what}.") from error
    except PermissionError as error:
        raise Refused(PERMISSION, f"{path} may not be read by you.") from error
    except OSError as error:
        raise Refused(UNUSABLE_INPUT, f"{path} cannot be read: {reason(error)}.") from error
    if len(content) > _LARGEST:
        raise Refused(UNUSABLE_INPUT, f"{path} is larger than {_LARGEST // 1024} KiB: it cannot be {what}.")
    return content


def ssh_keys(path: Path) -> tuple[str, ...]:
    """The public keys in a file, one a line; a private key is refused loudly."""
    content = read(path, "a public SSH key")
    if b"PRIVATE KEY" in content or content.startswith(b"PuTTY-User-Key-File"):
        hint = f"Give the public half, which ends with .pub: --ssh-key {path.name}.pub"
        raise Refused(UNUSABLE_INPUT, f"STOP: {path} is a PRIVATE key. It must never lie on a card.", hint)
    lines = [line.strip() for line in content.decode(errors="replace").splitlines()]
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys or not all(_is_public_key(key) for key in keys):
        hint = "It should hold lines like: ssh-ed25519 AAAA... you@laptop"
        raise Refused(UNUSABLE_INPUT, f"{path} holds no public SSH key.", hint)
    return keys


def _is_public_key(line: str) -> bool:
    """Whether the line is kind and key, and the key is of that kind; options before them are not for a card."""
    words = line.split(maxsplit=2)
    if len(words) < 2 or words[0] not in _KEY_KINDS or not line.isprintable():
        return False
    try:
        blob = base64.b64decode(words[1], validate=True)
        (length,) = struct.unpack_from(">I", blob)
    except (binascii.Error, struct.error):
        return False
    return blob[4 : 4 + length] == words[0].encode() and len(blob) > 4 + length


def configuration(path: Path) -> tuple[bytes, bool]:
    """The settings file, and whether smartlogd's own reader judged it; else it was only read as TOML."""
    content = read(path, "smartlogd's settings")
    try:
        tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Refused(UNUSABLE_INPUT, f"{path} is not valid TOML: {str(error).rstrip('.')}.") from error
    for python in (str(ROOT / ".venv" / "bin" / "python"), sys.executable):
        done = _judged(python, path)
        if done is None or done.returncode == 42:
            continue
        if done.returncode != 0:
            told = done.stdout.strip() or "smartlogd cannot read it."
            raise Refused(UNUSABLE_INPUT, told)
        return content, True
    return content, False


def broker(content: bytes) -> tuple[str, str]:
    """Who the settings log in as at the MQTT broker, and where they expect its authority; empty where they say not."""
    found = tomllib.loads(content.decode()).get("telemetry", {}).get("mqtt", {})
    return str(found.get("username", "")), str(found.get("ca_file", ""))


def _judged(python: str, path: Path) -> subprocess.CompletedProcess[str] | None:
    """What smartlogd says of the settings, run by that Python; None where there is no such Python."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SMARTLOG_")}
    command = [python, "-c", _READ_BY_OURS, str(path.resolve())]
    try:
        return subprocess.run(
            command, env=plain | {"PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True, check=False
        )
    except OSError:
        return None


def enrolment(path: Path) -> bytes:
    """The enrolment that the centre made for this device; what stands in it is never repeated."""
    content = read(path, "an enrolment")
    hint = "Take the JSON object whole, as `smartlogd central add-device` printed it."
    try:
        told = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise Refused(UNUSABLE_INPUT, f"{path} is no enrolment: it is not JSON.", hint) from None
    if not isinstance(told, dict):
        raise Refused(UNUSABLE_INPUT, f"{path} is no enrolment: it is not a JSON object.", hint)
    for key, kind in _BUNDLE.items():
        if not isinstance(told.get(key), kind):
            raise Refused(UNUSABLE_INPUT, f"{path} is no enrolment: it has no {key}.", hint)
    if told["smartlogd"] != 1:
        raise Refused(UNUSABLE_INPUT, f"{path} is an enrolment of another version of smartlogd.", hint)
    return content


def certificate(path: Path) -> bytes:
    """The certificate of who signed the broker's, PEM."""
    content = read(path, "a certificate")
    if b"PRIVATE KEY" in content:
        raise Refused(UNUSABLE_INPUT, f"STOP: {path} holds a PRIVATE key. It must never lie on a card.")
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise Refused(UNUSABLE_INPUT, f"{path} holds no certificate in PEM.")
    return content
