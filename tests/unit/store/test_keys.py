from __future__ import annotations

import base64
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartlogd.base.errors import Fate, UnusableInput
from smartlogd.store.keys import CREDENTIAL, Keys, Unsealable, is_wrapped_by
from smartlogd.store.keys import key_file as made_file
from smartlogd.store.trouble import StoreTrouble

OWNER, OTHER = UUID(int=1), UUID(int=2)
PLAIN, ABOUT = b"plain bytes of a face", b"about it"


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def key_file(state: Path, owner: UUID = OWNER) -> Path:
    return state / "keys" / f"{owner}.key"


def test_what_was_sealed_is_opened_again_also_after_a_restart(tmp_path: Path) -> None:
    sealed = Keys.open(tmp_path).seal(OWNER, PLAIN, ABOUT)
    assert Keys.open(tmp_path).unseal(OWNER, sealed, ABOUT) == PLAIN


def test_opening_the_keys_touches_nothing(tmp_path: Path) -> None:
    assert Keys.open(tmp_path).owners() == frozenset()
    assert list(tmp_path.iterdir()) == []


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Keys.open(tmp_path).seal(OWNER, PLAIN, ABOUT)
    finally:
        os.umask(before)
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    files = sorted((tmp_path / "keys").iterdir())
    assert [path.name for path in files] == [f"{OWNER}.key", "wrapping.key"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_no_two_seals_are_alike_and_none_shows_what_is_in_it(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed = {keys.seal(OWNER, PLAIN, ABOUT) for _ in range(50)}
    assert len(sealed) == 50
    assert not any(PLAIN in one for one in sealed)


def test_a_seal_opens_as_nobody_elses_and_about_nothing_else(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed, _ = keys.seal(OWNER, PLAIN, ABOUT), keys.seal(OTHER, PLAIN, ABOUT)
    for owner, about in ((OTHER, ABOUT), (OWNER, b"another"), (OWNER, b"")):
        with pytest.raises(Unsealable, match="belongs elsewhere"):
            keys.unseal(owner, sealed, about)


@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 31, 32, -1])
def test_a_seal_that_was_cut_says_so(tmp_path: Path, length: int) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    with pytest.raises(Unsealable, match="cut") as caught:
        keys.unseal(OWNER, sealed[:length], ABOUT)
    assert caught.value.fate is Fate.DEGRADE
    assert "Enrol the person again" in caught.value.hint


def test_any_altered_byte_of_a_seal_is_noticed(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(Unsealable):
            keys.unseal(OWNER, bytes(altered), ABOUT)


def test_any_altered_byte_of_a_key_file_is_noticed_and_costs_nobody_else(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed, others = keys.seal(OWNER, PLAIN, ABOUT), keys.seal(OTHER, PLAIN, ABOUT)
    good = key_file(tmp_path).read_bytes()
    for place in range(len(good)):
        altered = bytearray(good)
        altered[place] ^= 1
        key_file(tmp_path).write_bytes(altered)
        with pytest.raises(Unsealable):
            keys.unseal(OWNER, sealed, ABOUT)
        with pytest.raises(Unsealable):
            keys.seal(OWNER, PLAIN, ABOUT)  # never a new key in the place of a damaged one
    assert keys.unseal(OTHER, others, ABOUT) == PLAIN
    key_file(tmp_path).write_bytes(good)
    assert keys.unseal(OWNER, sealed, ABOUT) == PLAIN


@pytest.mark.parametrize("content", [b"", b"SLOGKEY", b"x" * 76, b"x" * 5000])
def test_a_file_that_is_no_key_says_so(tmp_path: Path, content: bytes) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    key_file(tmp_path).write_bytes(content)
    with pytest.raises(Unsealable, match="is no key file, or was cut"):
        keys.unseal(OWNER, sealed, ABOUT)


def test_anothers_key_file_in_ones_place_opens_nothing(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed, _ = keys.seal(OWNER, PLAIN, ABOUT), keys.seal(OTHER, PLAIN, ABOUT)
    key_file(tmp_path).write_bytes(key_file(tmp_path, OTHER).read_bytes())
    with pytest.raises(Unsealable, match="was altered, or is another's"):
        keys.unseal(OWNER, sealed, ABOUT)


def test_another_wrapping_key_is_told_from_damage(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    local = tmp_path / "keys" / "wrapping.key"
    good = local.read_bytes()
    local.write_bytes(b"x" * 32)
    with pytest.raises(Unsealable, match="wrapped by another wrapping key") as caught:
        keys.unseal(OWNER, sealed, ABOUT)
    assert CREDENTIAL in caught.value.hint
    assert keys.unseal(OTHER, keys.seal(OTHER, PLAIN, ABOUT), ABOUT) == PLAIN  # the rest goes on
    local.write_bytes(good)
    assert keys.unseal(OWNER, sealed, ABOUT) == PLAIN


KEY = bytes(range(32))


@pytest.mark.parametrize(
    "content", [KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\n", base64.b64encode(KEY) + b"\n"]
)
def test_a_credential_wraps_in_any_of_its_forms(tmp_path: Path, credentials: Path, content: bytes) -> None:
    (credentials / CREDENTIAL).write_bytes(content)
    sealed = Keys.open(tmp_path).seal(OWNER, PLAIN, ABOUT)
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [f"{OWNER}.key"]
    (credentials / CREDENTIAL).write_bytes(KEY)
    assert Keys.open(tmp_path).unseal(OWNER, sealed, ABOUT) == PLAIN


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"too short",
        b"g" * 64,
        b"x" * 33,
        base64.b64encode(KEY)[:20] + b" ? " + base64.b64encode(KEY)[20:],
        "ü".encode() * 32,
    ],
)
def test_what_is_no_wrapping_key_says_so_and_does_not_show_itself(
    tmp_path: Path, credentials: Path, content: bytes
) -> None:
    (credentials / CREDENTIAL).write_bytes(content)
    with pytest.raises(Unsealable, match="is no wrapping key") as caught:
        Keys.open(tmp_path).seal(OWNER, PLAIN, ABOUT)
    assert not content or content.decode() not in str(caught.value)


def test_a_credential_that_comes_later_takes_over_key_by_key(tmp_path: Path, credentials: Path) -> None:
    sealed = {owner: Keys.open(tmp_path).seal(owner, PLAIN, ABOUT) for owner in (OWNER, OTHER)}
    (credentials / CREDENTIAL).write_bytes(KEY)
    keys = Keys.open(tmp_path)
    assert {keys.unseal(owner, one, ABOUT) for owner, one in sealed.items()} == {PLAIN}
    keys.seal(OWNER, b"another face", ABOUT)
    (tmp_path / "keys" / "wrapping.key").unlink()
    assert keys.unseal(OWNER, sealed[OWNER], ABOUT) == PLAIN
    with pytest.raises(Unsealable, match="another wrapping key"):
        keys.unseal(OTHER, sealed[OTHER], ABOUT)


def test_systemd_without_our_credential_is_as_no_credential(tmp_path: Path, credentials: Path) -> None:
    sealed = Keys.open(tmp_path).seal(OWNER, PLAIN, ABOUT)
    assert (tmp_path / "keys" / "wrapping.key").exists()
    assert Keys.open(tmp_path).unseal(OWNER, sealed, ABOUT) == PLAIN


def test_a_destroyed_key_opens_nothing_and_is_made_anew_for_new_faces(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    assert keys.destroy(OWNER)
    assert not keys.destroy(OWNER)
    assert not key_file(tmp_path).exists()
    with pytest.raises(Unsealable, match="its key is gone"):
        keys.unseal(OWNER, sealed, ABOUT)
    assert keys.unseal(OWNER, keys.seal(OWNER, b"new", ABOUT), ABOUT) == b"new"
    with pytest.raises(Unsealable, match="cut or altered"):
        keys.unseal(OWNER, sealed, ABOUT)


def test_destroying_where_there_never_was_a_folder_is_nothing(tmp_path: Path) -> None:
    assert not Keys.open(tmp_path / "nowhere").destroy(OWNER)


def test_the_owners_are_those_with_a_key(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    for owner in (OWNER, OTHER):
        keys.seal(owner, PLAIN, ABOUT)
    (tmp_path / "keys" / "notes.key").touch()
    assert keys.owners() == {OWNER, OTHER}


def test_for_one_job_the_wrapping_key_is_read_once_and_for_the_next_anew(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    sealed = {owner: keys.seal(owner, PLAIN, ABOUT) for owner in (OWNER, OTHER)}
    job = keys.at_once()
    assert job.unseal(OWNER, sealed[OWNER], ABOUT) == PLAIN
    (tmp_path / "keys" / "wrapping.key").write_bytes(b"x" * 32)
    assert job.unseal(OTHER, sealed[OTHER], ABOUT) == PLAIN
    for other in (keys, keys.at_once()):
        with pytest.raises(Unsealable, match="another wrapping key"):
            other.unseal(OWNER, sealed[OWNER], ABOUT)


def test_a_key_that_others_could_read_is_closed_to_them_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    key_file(tmp_path).chmod(0o640)
    caplog.set_level(logging.INFO, "smartlogd.store")
    for _ in range(2):
        assert keys.unseal(OWNER, sealed, ABOUT) == PLAIN
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [record.message for record in caplog.records] == ["key could be read by others"]


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    keys = Keys.open(tmp_path)
    keys.seal(OWNER, PLAIN, ABOUT)
    key_file(tmp_path).rename(tmp_path / "elsewhere")
    key_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreTrouble):
        keys.seal(OWNER, PLAIN, ABOUT)


def test_neither_repr_nor_error_nor_log_shows_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = Keys.open(tmp_path)
    sealed = keys.seal(OWNER, PLAIN, ABOUT)
    secret = (tmp_path / "keys" / "wrapping.key").read_bytes()
    key_file(tmp_path).chmod(0o644)
    told = [repr(keys), repr(keys.of(OWNER))]
    for spoil in (sealed[:-1], b"x"):
        with pytest.raises(Unsealable) as caught:
            keys.unseal(OWNER, spoil, ABOUT)
        told += [str(caught.value), repr(caught.value), caught.value.hint]
    told += [str(record.__dict__) for record in caplog.records]
    for shown in (repr(secret)[2:-1], secret.hex(), PLAIN.decode(), base64.b64encode(secret).decode()):
        assert not any(shown in one for one in told)


@given(plain=st.binary(max_size=600), about=st.binary(max_size=60), owner=st.uuids())
def test_anything_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, plain: bytes, about: bytes, owner: UUID
) -> None:
    seal = Keys.open(tmp_path_factory.getbasetemp()).made(owner)
    assert seal.unseal(seal.seal(plain, about), about) == plain


def test_keys_are_opened_without_importing_the_cipher() -> None:
    asked = """
import sys
from pathlib import Path
from smartlogd.store.keys import Keys
Keys.open(Path("nowhere"))
print("cryptography" in sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_a_key_is_on_the_disk_before_anything_is_sealed_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real: Callable[[int], None] = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    Keys.open(tmp_path).made(uuid4())
    folder = str(tmp_path / "keys")
    assert [one == folder for one in synced] == [False, True, False, True]  # file, folder; the wrapping key first


# The fleet ---------------------------------------------------------------------------------------

FLEET, NEXT_FLEET = bytes(range(32)), bytes(range(1, 33))


@pytest.fixture
def credential(tmp_path: Path) -> Path:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / CREDENTIAL).write_bytes(bytes(32))
    return tmp_path / "given"


def test_all_keys_are_wrapped_anew_when_a_fleet_key_comes_and_open_what_they_did(tmp_path: Path) -> None:
    keys, owners = Keys.open(tmp_path), [uuid4() for _ in range(3)]
    sealed = {owner: keys.seal(owner, b"a face", b"x") for owner in owners}
    assert keys.is_of_a_fleet is False
    assert keys.adopt(FLEET) == 3
    assert keys.is_of_a_fleet is True
    assert keys.adopt(FLEET) == 0
    for owner, face in sealed.items():
        assert keys.unseal(owner, face, b"x") == b"a face"
        assert is_wrapped_by(keys.path(owner).read_bytes(), FLEET)
    keys.made(new := uuid4())
    assert is_wrapped_by(keys.path(new).read_bytes(), FLEET)


def test_an_earlier_fleet_key_still_opens_what_others_send_late(tmp_path: Path) -> None:
    keys, owner = Keys.open(tmp_path), uuid4()
    keys.adopt(FLEET)
    keys.path(owner).write_bytes(made_file(owner, bytes(32), FLEET))
    keys.adopt(NEXT_FLEET)
    assert is_wrapped_by(keys.path(owner).read_bytes(), NEXT_FLEET)
    keys.path(owner).write_bytes(made_file(owner, bytes(32), FLEET))
    assert keys.of(owner)
    assert keys.owners() == {owner}


def test_the_fleet_key_is_wrapped_by_the_credential_where_there_is_one(tmp_path: Path, credential: Path) -> None:
    keys, owner = Keys(tmp_path / "keys", credential), uuid4()
    keys.adopt(FLEET)
    keys.made(owner)
    assert FLEET not in (tmp_path / "keys" / "fleet.key").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert Keys(tmp_path / "keys").is_of_a_fleet is False
    with pytest.raises(Unsealable):
        Keys(tmp_path / "keys").of(owner)
    assert Keys(tmp_path / "keys", credential).of(owner)


def test_a_key_that_cannot_be_opened_is_left_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys, owner = Keys.open(tmp_path), uuid4()
    keys.made(owner)
    keys.path(owner).write_bytes(b"spoilt")
    assert keys.adopt(FLEET) == 0
    assert keys.path(owner).read_bytes() == b"spoilt"
    assert "key not wrapped anew" in caplog.text


def test_what_is_no_fleet_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput):
        Keys.open(tmp_path).adopt(b"short")
