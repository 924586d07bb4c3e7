"""A key for each person and each stranger, in a file of its own outside the database.

What is sealed under someone's key is gone when the key is gone, in every copy and every backup of the database. The
keys lie wrapped in `<state>/keys/`, one file each, and the key that wraps them is, in this order, the systemd
credential `smartlogd-wrapping-key` (32 bytes, or their hexadecimal or base64 text), or `wrapping.key` beside them,
made when first needed. Keys made before there was a credential go on being opened with the old wrapping key, and are
wrapped anew when next something is sealed under them. Without a credential in a TPM, who steals the card has it all.

Once the device is of a fleet, the fleet key goes before both, for what is wrapped here must be opened elsewhere:
`fleet.key`, itself wrapped by the credential where there is one. Every key file is wrapped anew when it comes; fleet
keys of before stay as `fleet-<name>.key`, for what other devices send late.

Both formats, all AES-256-GCM (NIST SP 800-38D) with random nonces of 12 bytes and tags of 16 at the end:

    <owner>.key   "SLOGKEY", version 1 | first 8 bytes of SHA-256("smartlogd wrapping key" + wrapping key) | nonce |
                  the owner's key (32 bytes), encrypted; associated data: all before the nonce, then the owner's uuid
    sealed        "SLS", version 1 | nonce | the plain bytes, encrypted; associated data: the first four bytes, then
                  the owner's uuid, then what the sealer says it is about

So a file or a vector that was cut, altered, or put in another's place is told from a good one. A key file that
others may read is closed to them again, with a warning, for what it opened may have been read: refusing it would
only stop the recognition. Nothing of a key is ever logged, and no key is held longer than the work that needs it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from smartlogd.base.errors import Fate, SmartlogError, UnusableInput
from smartlogd.store.places import place, private_bytes, sync_folder
from smartlogd.store.trouble import told

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger("smartlogd.store")

CREDENTIAL = "smartlogd-wrapping-key"
FOLDER = "keys"
_WRAPPING = "wrapping.key"
_FLEET = "fleet"
_NOBODY = UUID(int=0)
"""In whose name the credential wraps a fleet key."""
_SUFFIX = ".key"
_MADE = b"SLOGKEY\x01"
_SEALED = b"SLS\x01"
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES, _NAME_BYTES = 32, 12, 16, 8
_FILE_BYTES = len(_MADE) + _NAME_BYTES + _NONCE_BYTES + _KEY_BYTES + _TAG_BYTES


class Unsealable(SmartlogError):
    """One key or one sealed thing cannot be opened; whatever else was sealed is as good as before."""

    fate = Fate.DEGRADE


class Seal:
    """One owner's key, read once for as many things as are to be sealed or opened under it."""

    __slots__ = ("_cipher", "_older", "_owner")

    def __init__(self, owner: UUID, cipher: AESGCM, older: Callable[[], AESGCM | None] = lambda: None) -> None:
        self._owner = owner
        self._cipher = cipher
        self._older = older

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """The bytes, sealed; `about` must be told again to open them."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _SEALED + nonce + self._cipher.encrypt(nonce, plain, self._bound(about))

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """What was sealed; Unsealable where it was cut or altered, or is another's or about something else."""
        if sealed[: len(_SEALED)] != _SEALED:
            raise _unsealable(self._owner, "was not sealed by this smartlogd, or was cut")
        body = len(_SEALED) + _NONCE_BYTES
        nonce, rest, bound = sealed[len(_SEALED) : body], sealed[body:], self._bound(about)
        plain = _opened(self._cipher, nonce, rest, bound)
        if plain is None and (older := self._older()) is not None:
            plain = _opened(older, nonce, rest, bound)
        if plain is None:
            raise _unsealable(self._owner, "was cut or altered, or belongs elsewhere")
        return plain

    def _bound(self, about: bytes) -> bytes:
        return _SEALED + self._owner.bytes + about


class Keys:
    """The keys of one state folder. Opening it touches nothing: folder and files are made when first needed."""

    def __init__(self, folder: Path, credentials: Path | None = None) -> None:
        self._folder = folder
        self._credentials = credentials
        self._holds = False
        self._held: list[bytes] = []

    @classmethod
    def open(cls, state: Path) -> Keys:
        """The keys of this state folder, wrapped by the credential that systemd gave this process, if it gave one."""
        given = os.environ.get("CREDENTIALS_DIRECTORY")
        return cls(state / FOLDER, Path(given) if given else None)

    def at_once(self) -> Keys:
        """The same keys for one job with many owners: the wrapping keys are read once, and dropped with the job."""
        keys = Keys(self._folder, self._credentials)
        keys._holds = True
        return keys

    def seal(self, owner: UUID, plain: bytes, about: bytes) -> bytes:
        """Seal under the owner's key, which is made, and is on the disk, before this returns.

        Unsealable where the owner's key is there but cannot be opened; StoreTrouble where the disk takes none.
        """
        return self.made(owner).seal(plain, about)

    def unseal(self, owner: UUID, sealed: bytes, about: bytes) -> bytes:
        """What was sealed under the owner's key; Unsealable where key or bytes are not what they were."""
        return self.of(owner).unseal(sealed, about)

    def of(self, owner: UUID) -> Seal:
        """The owner's key; Unsealable where there is none, or none that can be opened."""
        found = self.read(owner)
        if found is None:
            raise _unsealable(owner, "cannot be opened: its key is gone, as after forgetting")
        return Seal(owner, _cipher(found[0]), partial(self._before, owner))

    def made(self, owner: UUID) -> Seal:
        """The owner's key, made where there is none yet."""
        found = self.read(owner)
        if found is None:
            key = secrets.token_bytes(_KEY_BYTES)
            self._write(owner, key, self.wrapping())
        else:
            key, wrapping = found
            if wrapping != self.wrapping():
                self._write(owner, key, self.wrapping())
        return Seal(owner, _cipher(key), partial(self._before, owner))

    @property
    def is_of_a_fleet(self) -> bool:
        """Whether there is a fleet key, so that what is wrapped here can be opened elsewhere."""
        return self._fleet(_FLEET) is not None

    def adopt(self, fleet: bytes) -> int:
        """Wrap by this fleet key from now on, and all keys that are here at once; how many were wrapped anew.

        A key file that cannot be opened is left as it is, with a word in the log. UnusableInput for what is no key.
        """
        if len(fleet) != _KEY_BYTES:
            raise UnusableInput(f"A fleet key has {_KEY_BYTES} bytes, not {len(fleet)}.")
        before = self._fleet(_FLEET)
        if before is not None and before != fleet:
            place(self._folder / f"{_FLEET}-{_name(before).hex()}{_SUFFIX}", self._kept(before))
        if before != fleet:
            place(self._folder / f"{_FLEET}{_SUFFIX}", self._kept(fleet))
        return sum(map(self._rewrapped, sorted(self.owners())))

    def file(self, owner: UUID) -> bytes | None:
        """The owner's key file as it stands; None where there is none."""
        return private_bytes(self.path(owner), self._folder)

    def _rewrapped(self, owner: UUID) -> bool:
        """Wrap one of many anew, as far as it can be opened."""
        try:
            return self.rewrap(owner)
        except Unsealable as error:
            log.warning("key not wrapped anew", extra={"what": error.what, "hint": error.hint})
            return False

    def rewrap(self, owner: UUID) -> bool:
        """Wrap the owner's key anew, if it is not wrapped as it would be now; Unsealable where it cannot be opened."""
        found = self.read(owner)
        if found is None or found[1] == self.wrapping():
            return False
        self._write(owner, found[0], self.wrapping())
        return True

    def key_in(self, owner: UUID, file: bytes) -> bytes | None:
        """The key in a key file, or None where its wrapping key is not here; Unsealable for what is no key file."""
        if len(file) != _FILE_BYTES or not file.startswith(_MADE):
            raise _unsealable(owner, "came with what is no key file")
        wrapping = next((key for key in self._wrappings() if is_wrapped_by(file, key)), None)
        if wrapping is None:
            return None
        key = key_in(file, owner, wrapping)
        if key is None:
            raise _unsealable(owner, "came with a key file that was altered, or is another's")
        return key

    def _kept(self, fleet: bytes) -> bytes:
        """A fleet key as it is kept: wrapped by the credential, where there is one."""
        given = self._given()
        return fleet if given is None else key_file(_NOBODY, fleet, given)

    def _fleet(self, name: str) -> bytes | None:
        """A fleet key; None where there is none of that name, or its credential is not here."""
        kept = private_bytes(self._folder / f"{name}{_SUFFIX}", self._folder)
        if kept is None or len(kept) == _KEY_BYTES:
            return kept
        given = self._given()
        return None if given is None else key_in(kept, _NOBODY, given)

    def _given(self) -> bytes | None:
        """The credential's wrapping key."""
        path = None if self._credentials is None else self._credentials / CREDENTIAL
        given = None if path is None else _bytes(path)
        return None if path is None or given is None else _wrapping(given, path)

    def _before(self, owner: UUID) -> AESGCM | None:
        """The key that was the owner's before another took its place."""
        file = private_bytes(self.path_before(owner), self._folder)
        key = None if file is None else self.key_in(owner, file)
        return None if key is None else _cipher(key)

    def destroy(self, owner: UUID) -> bool:
        """Remove the owner's key for good; True when there was one.

        The file is unlinked and the folder synced. Overwriting it first would prove nothing: flash writes elsewhere.
        What stays readable in worn cells is wrapped all the same.
        """
        with told(self._folder):
            self.path_before(owner).unlink(missing_ok=True)
            try:
                self.path(owner).unlink()
            except FileNotFoundError:
                return False
            sync_folder(self._folder)
        return True

    def owners(self) -> frozenset[UUID]:
        """Whose keys are here."""
        with told(self._folder):
            names = [path.stem for path in self._folder.glob(f"*{_SUFFIX}") if path.name != _WRAPPING]
        return frozenset(UUID(name) for name in names if _is_uuid(name))

    def path(self, owner: UUID) -> Path:
        """Where the owner's key file is."""
        return self._folder / f"{owner}{_SUFFIX}"

    def path_before(self, owner: UUID) -> Path:
        """Where that one is kept which another key took the place of (`store/exchange.py`)."""
        return self._folder / f"{owner}.before{_SUFFIX}"

    def read(self, owner: UUID) -> tuple[bytes, bytes] | None:
        """The owner's key and the key that wraps it; None where there is no file."""
        path = self.path(owner)
        file = private_bytes(path, self._folder)
        if file is None:
            return None
        if len(file) != _FILE_BYTES or not file.startswith(_MADE):
            raise _unsealable(owner, f"cannot be opened: {path} is no key file, or was cut")
        head, nonce, body = _split(file)
        wrapping = next((key for key in self._wrappings() if _name(key) == head[len(_MADE) :]), None)
        if wrapping is None:
            raise _unsealable(
                owner,
                f"cannot be opened: {path} was wrapped by another wrapping key",
                f"Give back the credential {CREDENTIAL}, or {self._folder / _WRAPPING}, with which it was made.",
            )
        key = _opened(_cipher(wrapping), nonce, body, head + owner.bytes)
        if key is None:
            raise _unsealable(owner, f"cannot be opened: {path} was altered, or is another's")
        return key, wrapping

    def _write(self, owner: UUID, key: bytes, wrapping: bytes) -> None:
        """The owner's key file, whole and on the disk, or not at all."""
        place(self.path(owner), key_file(owner, key, wrapping))

    def wrapping(self) -> bytes:
        """The wrapping key for what is made from now on; a local one is made where there is none at all."""
        known = self._wrappings()
        if known:
            return known[0]
        place(self._folder / _WRAPPING, secrets.token_bytes(_KEY_BYTES))
        return self._wrappings()[0]

    def _wrappings(self) -> list[bytes]:
        """The wrapping keys that are here: the fleet's first, the credential's, the local one, earlier fleets'."""
        if self._held:
            return self._held
        local = private_bytes(self._folder / _WRAPPING, self._folder)
        earlier = sorted(path.stem for path in self._folder.glob(f"{_FLEET}-*{_SUFFIX}"))
        known = (
            self._fleet(_FLEET),
            self._given(),
            None if local is None else _wrapping(local, self._folder / _WRAPPING),
            *map(self._fleet, earlier),
        )
        found = [key for key in known if key is not None]
        if self._holds:
            self._held = found
        return found


def sealing(owner: UUID, key: bytes) -> Seal:
    """A key in hand."""
    return Seal(owner, _cipher(key))


def key_file(owner: UUID, key: bytes, wrapping: bytes) -> bytes:
    """What a key file holds: the owner's key, wrapped."""
    head, nonce = _MADE + _name(wrapping), secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + _cipher(wrapping).encrypt(nonce, key, head + owner.bytes)


def key_in(file: bytes, owner: UUID, wrapping: bytes) -> bytes | None:
    """The key in a key file; None where it is not the owner's, or another key wraps it, or it was altered."""
    if not is_wrapped_by(file, wrapping):
        return None
    head, nonce, body = _split(file)
    return _opened(_cipher(wrapping), nonce, body, head + owner.bytes)


def is_wrapped_by(file: bytes, wrapping: bytes) -> bool:
    """Whether these are the bytes of a key file that says it was wrapped by this key."""
    return len(file) == _FILE_BYTES and file.startswith(_MADE + _name(wrapping))


def _split(file: bytes) -> tuple[bytes, bytes, bytes]:
    """Head, nonce and the rest of a key file."""
    head, body = len(_MADE) + _NAME_BYTES, len(_MADE) + _NAME_BYTES + _NONCE_BYTES
    return file[:head], file[head:body], file[body:]


def _name(wrapping: bytes) -> bytes:
    """By what a key file tells which key wraps it; it says nothing about the key itself."""
    return hashlib.sha256(b"smartlogd wrapping key" + wrapping).digest()[:_NAME_BYTES]


def _wrapping(given: bytes, path: Path) -> bytes:
    """The 32 bytes that a file of a wrapping key means."""
    if len(given) == _KEY_BYTES:
        return given
    text = given.strip()
    is_hexadecimal = len(text) == 2 * _KEY_BYTES
    try:
        key = bytes.fromhex(text.decode("ascii")) if is_hexadecimal else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _KEY_BYTES:
        raise Unsealable(
            f"{path} is no wrapping key: it must be 32 bytes, or their hexadecimal or base64 text.",
            "Give back the one that was there; a new one opens nothing that was sealed before.",
        )
    return key


def _bytes(path: Path) -> bytes | None:
    """The bytes of a credential, whose mode is systemd's affair; None where none was given."""
    try:
        return path.read_bytes()[:4096]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unsealable(
            f"The credential {path} cannot be read: {error.strerror}.", "See LoadCredential= in systemd.exec(5)."
        ) from error


def _cipher(key: bytes) -> AESGCM:
    """The cipher; imported when first a face is sealed or opened, so that a start need not wait for it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _opened(cipher: AESGCM, nonce: bytes, body: bytes, about: bytes) -> bytes | None:
    """What was encrypted, or None where it is not what it was."""
    from cryptography.exceptions import InvalidTag

    if len(nonce) != _NONCE_BYTES or len(body) < _TAG_BYTES:
        return None
    try:
        return cipher.decrypt(nonce, body, about)
    except InvalidTag:
        return None


def _unsealable(
    owner: UUID, why: str, hint: str = "Enrol the person again; whatever else is kept goes on."
) -> Unsealable:
    return Unsealable(f"What was sealed for {owner} {why}.", hint)


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
