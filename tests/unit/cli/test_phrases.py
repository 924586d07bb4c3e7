"""How one part of the daemon fares, in words; the usual cases are doctests."""

from __future__ import annotations

from smartlogd.cli.phrases import broker, centre, disk, faces, happening, machine, number, span


def test_what_is_refused_or_away_says_why() -> None:
    assert broker({"word": "refused", "host": "hub", "detail": "Not authorised."}) == "refused at hub. Not authorised."
    assert centre({"word": "refused", "detail": "No."}) == "refused. No."
    assert centre({}) == "-"
    assert faces({}) == "not recognised."


def test_what_a_machine_has_no_sensor_for_is_left_out() -> None:
    assert machine({"temperature_c": None, "memory_bytes": None, "throttled": []}) == ""
    assert machine({"throttled": ["throttled-before"]}) == "throttled-before"
    assert (
        disk({"disk_free_bytes": 1024**3, "written_bytes": 2 * 1024**2})
        == "1.0 GiB free, 2 MiB written since the start"
    )


def test_an_event_without_a_time_or_a_direction_has_a_line_too() -> None:
    assert happening({}) == "-  -"
    assert happening({"type": "crossing", "time": "soon"}) == "-  -: -"


def test_a_yes_is_no_number_and_neither_is_a_span() -> None:
    assert number({"bytes": True}, "bytes") is None
    assert span(None) == span("long") == span(float("nan")) == "0 s"
    assert span(59.9) == "59 s"
