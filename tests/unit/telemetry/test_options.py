from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from smartlogd.telemetry.options import HealOptions, HeatOptions, MqttOptions, TelemetryOptions


def test_without_settings_no_broker_hears_of_the_device_and_nobody_may_ask() -> None:
    options = TelemetryOptions()
    assert (options.mqtt.host, options.metrics) == ("", "")
    assert options.heal == HealOptions()


@pytest.mark.parametrize(
    ("given", "port"), [({}, 8883), ({"tls": False}, 1883), ({"port": 8884}, 8884), ({"tls": False, "port": 1}, 1)]
)
def test_a_port_that_is_not_given_is_the_usual_one(given: dict[str, Any], port: int) -> None:
    assert MqttOptions(**given).reached_port == port


@pytest.mark.parametrize(
    "given",
    [
        {"tls": False, "ca_file": "ca.pem"},
        {"tls": False, "cert_file": "cert.pem"},
        {"tls": False, "key_file": "key.pem"},
        {"key_file": "key.pem"},
        {"topic": "smartlogd/+"},
        {"topic": "#"},
        {"topic": "$SYS"},
        {"topic": ""},
        {"topic": "a/b/c/d/e"},
        {"topic": "smartlogd/"},
        {"topic": "smartlogd\n"},
        {"discovery_topic": "home assistant"},
        {"host": "broker.example.org/path"},
        {"host": "user:password@broker"},
        {"protocol": "3.1"},
        {"keepalive_s": 1},
        {"password": "s3cret"},
    ],
    ids=str,
)
def test_a_broker_that_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MqttOptions(**given)


def test_a_certificate_goes_without_a_key_file_because_the_key_may_be_a_credential() -> None:
    assert MqttOptions.model_validate({"cert_file": "cert.pem"}).key_file is None


@pytest.mark.parametrize("listen", ["", "127.0.0.1:9464", "[::1]:9464", "unix:/run/smartlogd/metrics.sock"])
def test_metrics_are_offered_on_the_machine_itself(listen: str) -> None:
    assert TelemetryOptions(metrics=listen).metrics == listen


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:9464", "9464", "[::]:9464", "localhost:9464", "unix:relative", "127.0.0.1:x"]
)
def test_metrics_are_offered_to_nobody_else(listen: str) -> None:
    with pytest.raises(ValidationError):
        TelemetryOptions(metrics=listen)


def test_hot_and_cool_are_apart() -> None:
    with pytest.raises(ValidationError, match="at least 1 degree"):
        HeatOptions(hot_c=70, cool_c=69.5)
    assert HeatOptions(hot_c=70, cool_c=69).cool_c == 69
