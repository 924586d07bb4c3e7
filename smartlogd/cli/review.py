"""`smartlogd people check`: the remembered faces held against one another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from smartlogd.cli.columns import columns
from smartlogd.cli.options import AsJson, Config

if TYPE_CHECKING:
    from smartlogd.base.who import Who
    from smartlogd.identify.review import Expectation, Finding, Review

Called = Callable[["Who"], str]


def check(config: Config = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Hold the known faces against one another.

    Names duplicates, outliers and faces too close to another person's, and suggests a threshold for this gallery.
    """
    from smartlogd.cli.entrust import Acquaintances
    from smartlogd.cli.speech import log_to_stderr
    from smartlogd.identify.review import review
    from smartlogd.settings import read_settings

    settings = read_settings(config)
    log_to_stderr("warning")
    known = Acquaintances(settings)
    judged = review(known.templates, settings.identify.known_distance, settings.identify.doubt_distance)
    for line in _as_json(judged, known.called) if as_json else _as_text(judged, known.called):
        typer.echo(line)


def _as_json(judged: Review, called: Called) -> list[str]:
    """Each finding, then what is expected."""
    lines: list[dict[str, object]] = [
        {
            "type": "finding",
            "fault": finding.fault.value,
            "person": called(finding.who),
            "uid": str(finding.who.id),
            "template": str(finding.template),
            "distance": round(finding.distance, 4),
            "other": None if finding.other is None else called(finding.other),
            "other_uid": None if finding.other is None else str(finding.other.id),
        }
        for finding in judged.findings
    ]
    lines.append(
        {
            "type": "review",
            "people": judged.people,
            "templates": judged.templates,
            "findings": len(judged.findings),
            "suggested": _expected(judged.suggested),
            "current": _expected(judged.current),
            "own_looks": judged.own_looks,
            "other_looks": judged.other_looks,
            "is_sure": judged.is_sure,
        }
    )
    return [json.dumps(line) for line in lines]


def _expected(expectation: Expectation) -> dict[str, float]:
    return {
        "threshold": round(expectation.threshold, 3),
        "false_accept": round(expectation.false_accept, 5),
        "false_reject": round(expectation.false_reject, 5),
    }


def _as_text(judged: Review, called: Called) -> list[str]:
    """As people read it."""
    if not judged.templates:
        return ["There is no face to hold against others. Enrol someone: smartlogd people enrol NAME PHOTO..."]
    lines = []
    if judged.findings:
        rows = [_row(finding, called) for finding in judged.findings]
        lines += [columns(("finding", "person", "face", "says"), rows), ""]
        hint = "To be rid of a bad face, forget the person and enrol them again without that photograph."
    else:
        hint = "Nothing is amiss."
    people = "1 person" if judged.people == 1 else f"{judged.people} people"
    faces = "1 face" if judged.templates == 1 else f"{judged.templates} faces"
    lines += [f"{people}, {faces}. {hint}", ""]
    lines += [f"Suggested: known_distance = {judged.suggested.threshold:.3f}, {_odds(judged.suggested)}."]
    lines += [f"In force:  known_distance = {judged.current.threshold:.3f}, {_odds(judged.current)}."]
    return [*lines, _grounds(judged)]


def _odds(expectation: Expectation) -> str:
    """What goes wrong at a threshold, in words."""
    named, missed = f"{expectation.false_accept:.2%}", f"{expectation.false_reject:.1%}"
    return f"which would call {named} of looks at strangers by a name and miss {missed} of looks at these people"


def _grounds(judged: Review) -> str:
    """What the figures are estimated from, and what they are worth."""
    said = (
        f"Estimated by taking each face out in turn: {judged.own_looks} held against their own person's others, "
        f"{judged.other_looks} against everyone else's; it is of one look, and a track gets several."
    )
    if judged.is_sure:
        return said
    return f"{said} With so few it is not sure, and rests on what is known of other people's faces."


def _row(finding: Finding, called: Called) -> tuple[str, str, str, str]:
    """One finding; a face is told by the end of its id."""
    face = f"..{str(finding.template)[-8:]}"
    return finding.fault.value, called(finding.who), face, _says(finding, called)


def _says(finding: Finding, called: Called) -> str:
    from smartlogd.identify.review import Fault

    if finding.fault is Fault.DUPLICATE:
        return "the same photograph as a better one"
    if finding.fault is Fault.OUTLIER:
        return f"{finding.distance:.2f} from the nearest of their others: is it someone else's?"
    other = called(finding.other) if finding.other else "another"
    if finding.is_wrong:
        return f"the same photograph as one of {other}'s"
    return f"{finding.distance:.2f} from the nearest of {other}'s"
