from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from smartlogd.store.fleet import (
    delivery_key,
    fleet_key,
    fleet_opened,
    fleet_wrapped,
    fleet_wrapped_for,
    is_under,
    person_key_rewrapped,
)
from smartlogd.store.keys import Keys, Unsealable, key_file

OWNER, OTHER = UUID(int=1), UUID(int=2)
OLD, NEW = fleet_key(), fleet_key()


def test_a_device_opens_what_was_wrapped_for_it() -> None:
    assert fleet_opened(fleet_wrapped(OLD, "secret", "door"), "secret", "door") == OLD


def test_the_administrator_wraps_by_the_delivery_key_alone() -> None:
    wrapped = fleet_wrapped_for(NEW, delivery_key("secret", "door"), "door")
    assert fleet_opened(wrapped, "secret", "door") == NEW


@pytest.mark.parametrize(("secret", "device"), [("other", "door"), ("secret", "yard")])
def test_another_device_or_another_secret_opens_nothing(secret: str, device: str) -> None:
    with pytest.raises(Unsealable):
        fleet_opened(fleet_wrapped(OLD, "secret", "door"), secret, device)


def test_a_delivery_key_moved_to_another_device_opens_nothing() -> None:
    wrapped = fleet_wrapped_for(OLD, delivery_key("secret", "yard"), "door")
    with pytest.raises(Unsealable):
        fleet_opened(wrapped, "secret", "yard")


def test_every_altered_byte_and_every_cut_is_noticed() -> None:
    wrapped = fleet_wrapped(OLD, "secret", "door")
    for at in range(len(wrapped)):
        bent = bytearray(wrapped)
        bent[at] ^= 1
        for bad in (bytes(bent), wrapped[:at]):
            with pytest.raises(Unsealable):
                fleet_opened(bad, "secret", "door")


def test_the_same_key_is_never_wrapped_to_the_same_bytes() -> None:
    assert fleet_wrapped(OLD, "secret", "door") != fleet_wrapped(OLD, "secret", "door")


def test_a_delivery_key_is_what_rfc_5869_says() -> None:
    import hashlib
    import hmac

    extracted = hmac.digest(bytes(32), b"secret", hashlib.sha256)
    assert delivery_key("secret", "door") == hmac.digest(extracted, b"smartlogd fleet keydoor\x01", hashlib.sha256)


def test_a_rewrapped_key_opens_what_was_sealed_before(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    sealed = keys.seal(OWNER, b"face", b"about")
    file, local = tmp_path / "keys" / f"{OWNER}.key", tmp_path / "keys" / "wrapping.key"
    fleet = person_key_rewrapped(file.read_bytes(), OWNER, local.read_bytes(), NEW)
    assert is_under(fleet, NEW)
    assert not is_under(fleet, local.read_bytes())
    file.write_bytes(fleet)
    local.write_bytes(NEW)
    assert keys.unseal(OWNER, sealed, b"about") == b"face"


@pytest.mark.parametrize(
    "file",
    [
        key_file(OWNER, bytes(32), NEW),
        key_file(OTHER, bytes(32), OLD),
        key_file(OWNER, bytes(32), OLD)[:-1],
        b"",
        b"SLOGKEY\x01",
    ],
    ids=["another key's", "another owner's", "cut", "empty", "only a head"],
)
def test_what_the_old_key_does_not_open_is_not_rewrapped(file: bytes) -> None:
    with pytest.raises(Unsealable):
        person_key_rewrapped(file, OWNER, OLD, NEW)
