"""What is said of a broker that cannot be reached, or will not have us."""

from __future__ import annotations

import socket
import ssl

import pytest

from smartlogd.telemetry.trouble import BrokerAway, BrokerRefuses, disagreed, flutters, refusal, unreached, unusable


def untrusted(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("no")
    error.verify_code, error.verify_message = code, "it is so"
    return error


@pytest.mark.parametrize(
    ("error", "word", "said"),
    [
        (untrusted(9), "away", "clock"),
        (untrusted(10), "away", "clock"),
        (untrusted(62), "refused", "not one for broker.lan"),
        (untrusted(19), "refused", "ca_file"),
        (ssl.SSLError("UNSUPPORTED_PROTOCOL"), "refused", "do not agree on TLS"),
        (ssl.SSLError("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "refused", "cert_file"),
        (socket.gaierror(-2, "unknown"), "away", "not known here"),
        (UnicodeError("label empty"), "refused", "no name of a host"),
        (TimeoutError(), "away", "does not answer"),
        (ConnectionRefusedError(111, "Connection refused"), "away", "connection refused"),
        (OSError("odd"), "away", "odd"),
    ],
)
def test_each_reason_is_told_with_what_to_do(error: OSError | ValueError, word: str, said: str) -> None:
    trouble = unreached(error, "broker.lan", 8883)
    assert trouble.word == word
    assert said in str(trouble)
    assert trouble.what.endswith(".")


def test_a_reason_code_is_away_or_refused() -> None:
    assert isinstance(refusal(0x87, "Not authorized"), BrokerRefuses)
    assert isinstance(refusal(0x8B, "Server shutting down"), BrokerAway)
    assert "server shutting down" in str(refusal(0x8B, "Server shutting down"))


def test_a_file_that_cannot_be_used_is_named() -> None:
    assert "/a.pem cannot be used: gone" in str(unusable(FileNotFoundError(2, "Gone", "/a.pem")))
    assert "bad decrypt" in str(unusable(ssl.SSLError("bad decrypt")))
    assert isinstance(disagreed("UNKNOWN_CA"), BrokerRefuses)
    assert isinstance(flutters("broker.lan"), BrokerAway)
