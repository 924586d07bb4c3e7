"""The fleet key: one key for all devices of a centre, wrapped for each of them.

In a fleet the keys of people and strangers are wrapped by the fleet key, so that a face enrolled at one door can be
opened at every other. The centre keeps only what is wrapped: the fleet key itself is in the administrator's file and
on the devices. It reaches a device wrapped by a delivery key, which follows from something that only this device was
given: the secret of its login, or, where it shows a certificate, a random word in its enrolment.

    delivery key   HKDF (RFC 5869) with SHA-256 of the secret's UTF-8 bytes, no salt, info "smartlogd fleet key" +
                   the device's name; 32 bytes
    wrapped        "SLOGFLT", version 1 | nonce (12 bytes) | the fleet key, AES-256-GCM, tag at the end; associated
                   data: the first eight bytes, then the device's name

A secret is 32 random bytes in letters: there is nothing to guess, so nothing to slow guessing down with.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from smartlogd.store.keys import Unsealable, is_wrapped_by, key_file, key_in

_MADE = b"SLOGFLT\x01"
_INFO = b"smartlogd fleet key"
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_WRAPPED_BYTES = len(_MADE) + _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


def fleet_key() -> bytes:
    """A new fleet key."""
    return secrets.token_bytes(_KEY_BYTES)


def delivery_key(secret: str, device: str) -> bytes:
    """The key that wraps the fleet key for one device; the administrator keeps it, to send a new fleet key later.

    >>> delivery_key("secret", "door") == delivery_key("secret", "door") != delivery_key("secret", "yard")
    True
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), _KEY_BYTES, None, _INFO + device.encode()).derive(secret.encode())


def fleet_wrapped_for(fleet: bytes, delivery: bytes, device: str) -> bytes:
    """The fleet key, wrapped for the device by its delivery key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _MADE + nonce + AESGCM(delivery).encrypt(nonce, fleet, _MADE + device.encode())


def fleet_wrapped(fleet: bytes, secret: str, device: str) -> bytes:
    """The fleet key, wrapped for the device that was given this secret."""
    return fleet_wrapped_for(fleet, delivery_key(secret, device), device)


def fleet_opened(wrapped: bytes, secret: str, device: str) -> bytes:
    """The fleet key; Unsealable where it was wrapped for another device or another secret, or was altered."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    body = len(_MADE) + _NONCE_BYTES
    if len(wrapped) != _WRAPPED_BYTES or not wrapped.startswith(_MADE):
        raise _unsealable("is no wrapped key, or was cut")
    try:
        cipher = AESGCM(delivery_key(secret, device))
        return cipher.decrypt(wrapped[len(_MADE) : body], wrapped[body:], _MADE + device.encode())
    except InvalidTag as error:
        raise _unsealable(f"was not wrapped for {device} and its secret, or was altered") from error


def is_under(file: bytes, fleet: bytes) -> bool:
    """Whether a person's key file says that it is wrapped by this fleet key."""
    return is_wrapped_by(file, fleet)


def person_key_rewrapped(file: bytes, owner: UUID, old: bytes, new: bytes) -> bytes:
    """A person's key file, wrapped by `new` instead of `old`; Unsealable where `old` does not open it."""
    key = key_in(file, owner, old)
    if key is None:
        raise Unsealable(
            f"The key of {owner} cannot be opened: another key wraps it, or it was altered.",
            "A device that still opens it sends it anew when something is next sealed under it.",
        )
    return key_file(owner, key, new)


def _unsealable(why: str) -> Unsealable:
    return Unsealable(f"The fleet key {why}.", "Enrol the device again: smartlogd central add-device NAME --again.")
