"""`status`, `reload` and `stop`: what is asked of a running daemon through its socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import typer

from smartlogd.cli.options import AsJson, Config
from smartlogd.cli.speech import branch, passed


def status(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Say how the daemon fares."""
    state = _asked(config, "status")
    typer.echo(json.dumps(state) if as_json else _told(state))


def reload(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let the daemon read its settings again.

    Lines, thresholds and models change, and tracks live on; it says what needs a restart.
    """
    answer = _asked(config, "reload")
    if as_json:
        typer.echo(json.dumps(answer))
        return
    applied, needed = _words(answer, "applied"), _words(answer, "restart_needed")
    typer.echo(f"Changed: {', '.join(applied)}." if applied else "Nothing to change.")
    if needed:
        typer.echo(f"A restart is needed for: {', '.join(needed)}.")


def stop(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Let the daemon write what waits, and stop."""
    answer = _asked(config, "stop")
    typer.echo(json.dumps({"stopping": True, **answer}) if as_json else "Stopping.")


def _asked(config: Path | None, verb: str) -> Mapping[str, object]:
    from smartlogd.control import ask
    from smartlogd.settings import read_settings

    return ask(read_settings(config).folders().socket, verb)


def _words(answer: Mapping[str, object], key: str) -> list[str]:
    words = answer.get(key)
    return [str(word) for word in words] if isinstance(words, list) else []


def _told(state: Mapping[str, object]) -> str:
    camera, journal = branch(state, "camera"), branch(state, "journal")
    looks = f"models looked at {state.get('frames_scanned')}, {state.get('dropped')} dropped"
    rows = [
        ("smartlogd", f"{state.get('version')} on {state.get('device')}, {state.get('state')}, pid {state.get('pid')}"),
        ("up", f"{_span(state.get('uptime_s'))}, {_first(state.get('first_frame_s'))}"),
        ("camera", f"{camera.get('name')}, {camera.get('status')}, {state.get('fps')} fps"),
        ("frames", f"{state.get('frames')}, {looks}"),
        ("models", f"profile {state.get('profile')}, {state.get('model_ms')} ms a look"),
        ("in view", f"{state.get('people')}"),
        ("faces", _faces(branch(state, "recognition"))),
        *((f"line {name}", words) for name, words in passed(state).items()),
        ("log", f"{journal.get('word')}, {journal.get('written')} written, {journal.get('waiting')} waiting"),
        ("centre", _centre(branch(state, "sync"))),
        ("folder", f"{state.get('state_dir')}"),
        *(("trouble", f"{part}: {what}") for part, what in branch(state, "troubles").items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def _faces(recognition: Mapping[str, object]) -> str:
    """How recognition fares.

    >>> _faces({"word": "off", "detail": "The model is missing."})
    'not recognised. The model is missing.'
    """
    if recognition.get("word") != "on":
        return f"not recognised. {recognition.get('detail') or ''}".rstrip()
    return f"{recognition.get('templates')} remembered, {recognition.get('looks')} looked at"


def _centre(sync: Mapping[str, object]) -> str:
    """How sending to the centre fares.

    >>> _centre({"word": "off", "detail": ""})
    'none joined'
    >>> _centre({"word": "away", "detail": "It does not answer.", "waiting": 7})
    'away, 7 waiting. It does not answer.'
    """
    if sync.get("word") == "off":
        return "none joined"
    waiting = f", {sync['waiting']} waiting" if "waiting" in sync else ""
    return f"{sync.get('word')}{waiting}. {sync.get('detail') or ''}".rstrip(". ") + ("." if sync.get("detail") else "")


def _first(seconds: object) -> str:
    return "no frame yet" if seconds is None else f"first frame after {seconds} s"


def _span(seconds: object) -> str:
    """A span as a person says it.

    >>> _span(42.4), _span(3725)
    ('42 s', '1 h 2 min')
    """
    whole = int(seconds) if isinstance(seconds, (int, float)) else 0
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
