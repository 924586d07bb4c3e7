"""The control socket, with real sockets, a friendly daemon and hostile callers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from smartlogd import control
from smartlogd.base.errors import Exit, ServiceAway, SmartlogError, UnusableInput, WrongConfiguration
from smartlogd.base.health import Command


class Desk:
    """A daemon that answers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def status(self) -> Mapping[str, object]:
        self.asked.append("status")
        return {"state": "running", "frames": 7}

    async def reload(self) -> Mapping[str, object]:
        self.asked.append("reload")
        raise WrongConfiguration("capture.fps is nonsense.", "Mend it.")

    async def stop(self) -> None:
        self.asked.append("stop")

    async def change(self, what: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append(f"change {what}")
        if what == "nonsense":
            raise UnusableInput("There is no change called nonsense.")
        return {"what": what, "with": dict(arguments)}

    async def sync(self, what: str) -> Mapping[str, object]:
        self.asked.append(f"sync {what}")
        return {"word": "paused" if what == "pause" else "resting"}

    async def command(self, command: Command) -> Mapping[str, object]:
        self.asked.append(f"command {command.what}")
        if command.what == "dance":
            raise UnusableInput("The command is none we know.")
        return {"done": command.what, "with": dict(command.arguments)}


@contextlib.asynccontextmanager
async def served(path: Path, desk: Desk) -> AsyncIterator[None]:
    task = asyncio.ensure_future(control.serve(path, desk))
    while not path.exists() or not await answers(path):
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answers(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True


@pytest.fixture
def path() -> AsyncIterator[Path]:
    with TemporaryDirectory() as folder:  # a socket's path has at most 107 letters, which tmp_path may exceed
        yield Path(folder) / "control.sock"


async def said(path: Path, sent: bytes, *, ends: bool = False) -> dict[str, object]:
    """The first line that the daemon answers to these bytes."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    with contextlib.suppress(ConnectionError):
        writer.write(sent)
        if ends:
            writer.write_eof()
        await writer.drain()
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.close()
    answer = json.loads(line)
    assert isinstance(answer, dict)
    return answer


async def test_status_is_answered_with_the_daemons_state(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        assert await asyncio.to_thread(control.ask, path, "status") == {"state": "running", "frames": 7}
    assert desk.asked == ["status"]


async def test_several_requests_on_one_connection_are_answered_in_order(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"verb": "stop"}\n{"verb": "status"}\n')
        assert json.loads(await reader.readline()) == {"ok": True}
        assert json.loads(await reader.readline())["frames"] == 7
        writer.close()
    assert desk.asked == ["stop", "status"]


async def test_an_error_of_the_daemon_reaches_the_asker_with_its_hint_and_exit_code(path: Path) -> None:
    async with served(path, Desk()):
        with pytest.raises(SmartlogError, match="nonsense") as caught:
            await asyncio.to_thread(control.ask, path, "reload")
    assert (caught.value.hint, caught.value.code) == ("Mend it.", Exit.CONFIGURATION)


async def test_a_change_reaches_the_daemon_with_its_arguments(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        told = await asyncio.to_thread(control.ask, path, "change", what="ignore", arguments={"uuid": "abcd"})
        assert told == {"what": "ignore", "with": {"uuid": "abcd"}}
        with pytest.raises(SmartlogError, match="no change called nonsense"):
            await asyncio.to_thread(control.ask, path, "change", what="nonsense", arguments={})
    assert desk.asked == ["change ignore", "change nonsense"]


async def test_the_sync_is_asked_after_and_steered(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        assert await asyncio.to_thread(control.ask, path, "sync") == {"word": "resting"}
        assert await asyncio.to_thread(control.ask, path, "sync", what="pause") == {"word": "paused"}
    assert desk.asked == ["sync status", "sync pause"]


async def test_a_command_is_carried_over_with_its_arguments_and_so_is_its_refusal(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        answer = await asyncio.to_thread(control.ask, path, "command", what="line", arguments={"name": "door"})
        assert answer == {"done": "line", "with": {"name": "door"}}
        assert (await asyncio.to_thread(control.ask, path, "command", what="pause"))["with"] == {}
        with pytest.raises(SmartlogError, match="none we know"):
            await asyncio.to_thread(control.ask, path, "command", what="dance")
    assert desk.asked == ["command line", "command pause", "command dance"]


async def test_more_than_a_line_holds_is_refused_before_it_is_sent(path: Path) -> None:
    desk = Desk()
    async with served(path, desk):
        with pytest.raises(UnusableInput, match="64 KiB"):
            await asyncio.to_thread(control.ask, path, "change", what="x" * control.LONGEST_LINE, arguments={})
    assert desk.asked == []


HOSTILE = {
    "nothing but a line break": b"\n",
    "words": b"status please\n",
    "half a JSON object": b'{"verb": "sta\n',
    "a JSON list": b'["status"]\n',
    "a number": b"7\n",
    "a verb that is a list": b'{"verb": ["status"]}\n',
    "a verb that is unknown": b'{"verb": "format_disk"}\n',
    "a change of nothing": b'{"verb": "change"}\n',
    "a change that is a number": b'{"verb": "change", "what": 7}\n',
    "a change with a list of arguments": b'{"verb": "change", "what": "forget", "arguments": ["Anna"]}\n',
    "a sync with an unknown word": b'{"verb": "sync", "what": "drop"}\n',
    "a sync with a list": b'{"verb": "sync", "what": ["now"]}\n',
    "a command that says nothing": b'{"verb": "command"}\n',
    "a command with a list": b'{"verb": "command", "what": ["pause"]}\n',
    "a command whose arguments are a word": b'{"verb": "command", "what": "line", "arguments": "door"}\n',
    "a verb that is an attribute": b'{"verb": "__class__"}\n',
    "binary": bytes(range(1, 10)) + bytes(range(11, 256)) + b"\n",
    "bytes that are no UTF-8": b'{"verb": "\xff\xfe"}\n',
    "deep nesting": b"[" * 60_000 + b"\n",
    "a number of many digits": b'{"verb": ' + b"9" * 60_000 + b"}\n",
    "a line too long": b'{"verb": "' + b"x" * (control.LONGEST_LINE + 1) + b'"}\n',
    "a line too long that never ends": b"x" * (4 * control.LONGEST_LINE),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_input_gets_one_error_line_and_harms_nobody(path: Path, sent: bytes) -> None:
    desk = Desk()
    async with served(path, desk):
        answer = await said(path, sent)
        assert answer["ok"] is False
        assert answer["error"]
        assert (await said(path, b'{"verb": "status"}\n'))["ok"] is True
    assert desk.asked == ["status"]


async def test_a_request_without_a_line_break_is_answered_when_the_caller_has_finished(path: Path) -> None:
    async with served(path, Desk()):
        assert (await said(path, b'{"verb": "status"}', ends=True))["ok"] is True


async def test_more_callers_than_allowed_are_sent_away_and_the_others_still_answered(path: Path) -> None:
    async with served(path, Desk()):
        kept = [await asyncio.open_unix_connection(str(path)) for _ in range(control.MOST_CLIENTS)]
        for reader, writer in kept:
            writer.write(b'{"verb": "status"}\n')
            assert json.loads(await reader.readline())["ok"] is True
        assert (await said(path, b'{"verb": "status"}\n'))["code"] == Exit.SERVICE_AWAY
        kept.pop()[1].close()
        await asyncio.sleep(0.05)
        assert (await said(path, b'{"verb": "status"}\n'))["ok"] is True
        for _, writer in kept:
            writer.close()


async def test_a_caller_that_says_nothing_is_hung_up_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "IDLE_S", 0.1)
    async with served(path, Desk()):
        reader, writer = await asyncio.open_unix_connection(str(path))
        async with asyncio.timeout(3):
            assert await reader.read() == b""
        writer.close()


async def test_a_caller_that_never_takes_its_answers_is_hung_up_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "IDLE_S", 0.1)
    async with served(path, Desk()):
        reader, writer = await asyncio.open_unix_connection(str(path), limit=1)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        with pytest.raises(ConnectionError):
            await flood(writer)
        writer.close()


async def flood(writer: asyncio.StreamWriter) -> None:
    """Ask and ask, and never listen."""
    for _ in range(10_000):
        writer.write(b'{"verb": "status"}\n' * 100)
        await writer.drain()
        await asyncio.sleep(0)


async def test_the_socket_is_closed_to_others_and_gone_after_the_end(path: Path) -> None:
    async with served(path, Desk()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert not path.exists()


async def test_a_caller_that_hangs_on_does_not_hold_up_the_end(path: Path) -> None:
    async with served(path, Desk()):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"verb": "status"}\n')
        await reader.readline()
        began_s = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began_s < control.IDLE_S / 5
    assert await reader.read() == b""
    writer.close()


async def test_the_socket_of_a_dead_daemon_is_replaced(path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    async with served(path, Desk()):
        assert (await said(path, b'{"verb": "status"}\n'))["ok"] is True


async def test_the_socket_of_a_living_daemon_is_refused_and_left_alone(path: Path) -> None:
    async with served(path, Desk()):
        with pytest.raises(SmartlogError, match="Another smartlogd") as caught:
            await control.serve(path, Desk())
        assert caught.value.code is Exit.CANNOT_CREATE
        assert (await said(path, b'{"verb": "status"}\n'))["ok"] is True


async def test_a_file_in_the_sockets_place_is_never_deleted(path: Path) -> None:
    path.write_text("dear diary")
    with pytest.raises(SmartlogError, match="no socket"):
        await control.serve(path, Desk())
    assert path.read_text() == "dear diary"


async def test_a_path_too_long_for_a_socket_is_explained(path: Path) -> None:
    long = path.parent / ("long" * 30) / "control.sock"
    long.parent.mkdir()
    with pytest.raises(SmartlogError, match="cannot be made") as caught:
        await control.serve(long, Desk())
    assert "107" in caught.value.hint


def test_without_a_daemon_the_asker_is_told_how_to_start_one(path: Path) -> None:
    with pytest.raises(control.NobodyAnswers, match="No smartlogd is running") as caught:
        control.ask(path, "status")
    assert "smartlogd run" in caught.value.hint


@contextlib.contextmanager
def impostor(path: Path, answer: bytes | None) -> object:
    """Something else that listens there: it gives this answer, or none and keeps the line open."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    done = threading.Event()

    def play() -> None:
        line, _ = listening.accept()
        line.recv(1000)
        if answer is None:
            done.wait(5)
        else:
            line.sendall(answer)
        line.close()

    thread = threading.Thread(target=play)
    thread.start()
    yield
    done.set()
    thread.join()
    listening.close()


@pytest.mark.parametrize(
    "answer", [b"220 smtp ready\n", b"[1]\n", b"\xff\n", b""], ids=["words", "list", "binary", "none"]
)
def test_an_impostors_answer_is_not_believed(path: Path, answer: bytes) -> None:
    with impostor(path, answer), pytest.raises(ServiceAway) as caught:
        control.ask(path, "status")
    assert not isinstance(caught.value, control.NobodyAnswers), "it may have done what it was asked"


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(path: Path) -> None:
    with impostor(path, None), pytest.raises(ServiceAway, match="did not answer"):
        control.ask(path, "status", answer_s=0.2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_of_another_user_is_a_matter_of_permission(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        with pytest.raises(SmartlogError) as caught:
            control.ask(path, "status")
    assert caught.value.code is Exit.PERMISSION
