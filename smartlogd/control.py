"""The local socket: the command line's only way to a running daemon.

One JSON object a line, at most 64 KiB: {"verb": "status"} is answered with {"ok": true, ...} or with
{"ok": false, "error": sentence, "hint": sentence, "code": exit code}. A change of people or strangers says which and
with what: {"verb": "change", "what": "rename", "arguments": {...}}. Sending to the centre is asked after, and steered,
with {"verb": "sync", "what": "status"}, and whatever else the daemon can be told to do with
{"verb": "command", "what": "pause", "arguments": {}}. Whoever may open the socket (0660, in a folder of
0700) may ask; what they send is bounded in size, number and time, and never trusted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, cast

from smartlogd.base.errors import Exit, ServiceAway, SmartlogError, UnusableInput
from smartlogd.base.health import Command
from smartlogd.base.known import Json
from smartlogd.base.ports import Control

LONGEST_LINE = 64 * 1024
MOST_CLIENTS = 16
IDLE_S = 10.0
"""How long a client may take over one line, and over taking its answer."""
ANSWER_S = 20.0
"""How long the command line waits for an answer: a reload may load models anew."""

SYNC = ("status", "now", "pause", "resume")
"""What may be asked of the sending to the centre."""

Request: TypeAlias = Mapping[str, object]
"""What was asked, as it came: nothing in it is believed but that it is a JSON object."""

log = logging.getLogger("smartlogd.control")


# The daemon's side -------------------------------------------------------------------------------


async def serve(path: Path, control: Control) -> None:
    """Answer on a unix socket at `path` until cancelled, and remove it then.

    A socket left by a daemon that died is replaced; one that answers is left alone and refused (exit 73).
    """
    listening = bound(path)
    desk = _Desk(control)
    server = await asyncio.start_unix_server(desk.greet, sock=listening, limit=LONGEST_LINE)
    try:
        # It serves already; serve_forever would wait, when cancelled, for all callers to leave (Python 3.12 and later).
        await asyncio.Event().wait()
    finally:
        server.close()
        desk.dismiss()
        _removed(path)


def bound(path: Path) -> socket.socket:
    """A socket bound at `path` and closed to others (0660), not yet listening."""
    if path.is_symlink() or (path.exists() and not stat.S_ISSOCK(path.lstat().st_mode)):
        raise SmartlogError(f"{path} is there already, and it is no socket.", "Move it away.", code=Exit.CANNOT_CREATE)
    if path.exists():
        _refuse_if_alive(path)
        path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        listening.bind(str(path))
        path.chmod(0o660)  # before anyone can connect: nobody listens yet
    except OSError as error:
        listening.close()
        hint = "A socket's path has at most 107 letters: set XDG_RUNTIME_DIR or device.state_dir to a shorter one."
        what = f"The control socket {path} cannot be made: {(error.strerror or str(error)).lower()}."
        raise SmartlogError(what, hint if len(str(path)) > 107 else "", code=Exit.CANNOT_CREATE) from error
    return listening


def _removed(path: Path) -> None:
    path.unlink(missing_ok=True)


def _refuse_if_alive(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # left by a daemon that died
        except OSError as error:
            what = f"The control socket {path} cannot be used: {(error.strerror or str(error)).lower()}."
            raise SmartlogError(what, "Is another smartlogd running?", code=Exit.CANNOT_CREATE) from error
    what = f"Another smartlogd is running and answers at {path}."
    raise SmartlogError(what, "Stop it with: smartlogd stop", code=Exit.CANNOT_CREATE)


class _Desk:
    """Where clients are answered, a bounded number at a time."""

    def __init__(self, control: Control) -> None:
        self._verbs: Mapping[str, Callable[[Request], Awaitable[Mapping[str, object] | None]]] = {
            "status": lambda _: control.status(),
            "reload": lambda _: control.reload(),
            "stop": lambda _: control.stop(),
            "change": lambda request: control.change(*_change(request)),
            "sync": lambda request: control.sync(_word(request)),
            "command": lambda request: control.command(Command(*_change(request))),
        }
        self._clients: set[asyncio.StreamWriter] = set()

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client's lines, one after the other, until it goes, errs or dawdles."""
        is_full = len(self._clients) >= MOST_CLIENTS
        self._clients.add(writer)
        try:
            if is_full:
                await _send(writer, _refusal(ServiceAway(f"{MOST_CLIENTS} others are being answered.", "Try again.")))
            else:
                await self._converse(reader, writer)
        except (ConnectionError, TimeoutError):
            log.debug("client gone")
            writer.transport.abort()  # close() would wait for ever for one who does not take its answer
        finally:
            self._clients.discard(writer)
            writer.close()

    def dismiss(self) -> None:
        """Hang up on everyone."""
        for writer in tuple(self._clients):
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    line = await reader.readline()
            except ValueError:  # asyncio's word for a line beyond the limit
                await _send(writer, _refusal(UnusableInput(f"A request has at most {LONGEST_LINE // 1024} KiB.")))
                return
            if not line:
                return
            await _send(writer, await self._answer(line))

    async def _answer(self, line: bytes) -> Mapping[str, object]:
        try:
            request = _request(line)
            return {"ok": True, **(await self._verbs[self._verb(request)](request) or {})}
        except SmartlogError as error:
            return _refusal(error)

    def _verb(self, request: Request) -> str:
        verb = request.get("verb")
        if not isinstance(verb, str) or verb not in self._verbs:
            raise UnusableInput("The request names no verb we know.", f"Known verbs: {', '.join(self._verbs)}.")
        return verb


def _request(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnusableInput("The request is no JSON object on one line.", 'Send {"verb": "status"}.') from error
    return request if isinstance(request, dict) else {}


def _change(request: Request) -> tuple[str, Mapping[str, Json]]:
    """What is to be changed or done, and with what; whether both can be meant is for those to say who do it."""
    what, arguments = request.get("what"), request.get("arguments", {})
    if not isinstance(what, str) or not isinstance(arguments, dict):
        hint = 'Send {"verb": "change", "what": "ignore", "arguments": {"uuid": "..."}}.'
        raise UnusableInput("The request does not say what to change or do, and with which arguments.", hint)
    return what, cast("Mapping[str, Json]", arguments)


def _word(request: Request) -> str:
    """What is asked of the sending to the centre."""
    what = request.get("what", SYNC[0])
    if not isinstance(what, str) or what not in SYNC:
        raise UnusableInput("The request does not say what to do about the sync.", f"Known: {', '.join(SYNC)}.")
    return what


async def _send(writer: asyncio.StreamWriter, answer: Mapping[str, object]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    async with asyncio.timeout(IDLE_S):
        await writer.drain()


def _refusal(error: SmartlogError) -> Mapping[str, object]:
    return {"ok": False, "error": error.what, "hint": error.hint, "code": int(error.code)}


# The command line's side -------------------------------------------------------------------------


class NobodyAnswers(ServiceAway):
    """No daemon listens at the socket, so nothing was asked of anyone (exit 69)."""


def ask(path: Path, verb: str, *, answer_s: float = ANSWER_S, **more: object) -> Mapping[str, object]:
    """The daemon's answer to `verb`, with whatever `more` belongs to it.

    NobodyAnswers (69) when no daemon listens, ServiceAway (69) when one does and does not answer, and its own error
    where it refuses.
    """
    request = json.dumps({"verb": verb, **more}).encode() + b"\n"
    if len(request) > LONGEST_LINE:
        raise UnusableInput(f"A request has at most {LONGEST_LINE // 1024} KiB.", "Ask for less at once.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(answer_s)
        with _explained(path, answer_s):
            _connected(line, path)
            line.sendall(request)
            return _understood(_first_line(line))


def _connected(line: socket.socket, path: Path) -> None:
    try:
        line.connect(str(path))
    except (FileNotFoundError, ConnectionError) as error:
        raise NobodyAnswers(f"No smartlogd is running (nobody answers at {path}).", START) from error


@contextmanager
def _explained(path: Path, answer_s: float) -> Iterator[None]:
    """Translate what a socket complains of inside the `with` block."""
    try:
        yield
    except ConnectionError as error:
        raise ServiceAway(f"The smartlogd at {path} hung up without an answer.", "Look at its log.") from error
    except PermissionError as error:
        what = f"The control socket {path} is not open to this user."
        raise SmartlogError(what, JOIN, code=Exit.PERMISSION) from error
    except TimeoutError as error:
        raise ServiceAway(f"smartlogd did not answer within {answer_s:g} s.", "Look at its log.") from error
    except OSError as error:
        raise ServiceAway(f"The socket {path} cannot be used: {(error.strerror or str(error)).lower()}.") from error


START = "Start it with: smartlogd run"
JOIN = "Join its group, and log in again: sudo usermod -aG smartlogd $USER"


def _first_line(line: socket.socket) -> bytes:
    """What the other side sends up to its first line break, at most 1 MiB of it."""
    heard = b""
    while b"\n" not in heard and len(heard) < 16 * LONGEST_LINE:
        more = line.recv(LONGEST_LINE)
        if not more:
            raise ConnectionResetError
        heard += more
    return heard.partition(b"\n")[0]


def _understood(answer: bytes) -> Mapping[str, object]:
    try:
        said = json.loads(answer)
    except ValueError as error:
        raise ServiceAway("What answers on the control socket is no smartlogd.") from error
    if not isinstance(said, dict):
        raise ServiceAway("What answers on the control socket is no smartlogd.")
    if said.pop("ok", False):
        return cast("Mapping[str, object]", said)
    code = next((known for known in Exit if known == said.get("code")), Exit.UNUSABLE_INPUT)
    raise SmartlogError(str(said.get("error")), str(said.get("hint", "")), code=code)
