"""What goes wrong between this device and the broker, and what a person is told about it.

`away` mends itself: a network, a broker that is restarted. `refused` is mended by a person: a password, a certificate.
Neither is ever an error of the daemon.
"""

from __future__ import annotations

import socket
import ssl

from smartlogd.base.errors import Exit, Fate, SmartlogError

_CLOCK = frozenset({9, 10})
"""What OpenSSL calls a certificate that is not valid yet, or no longer: most often it is this device's clock."""
_WRONG_HOST = frozenset({62, 64})

# What the broker may answer to CONNECT, or say when it hangs up (MQTT 5, 3.2.2.2 and 3.14.2.1), in a person's words.
_REFUSALS: dict[int, tuple[str, str]] = {
    0x80: ("refuses this device and does not say why", "Look at the broker's log."),
    0x84: ("does not speak this version of MQTT", "Set protocol in [telemetry.mqtt] to the other one."),
    0x85: ("does not take this device's name as a client identifier", "Look at the broker's log."),
    0x86: ("does not know this username and password", "Check them on both sides."),
    0x87: ("does not let this device in", "Check its username and password, and the broker's access list."),
    0x8A: ("has banned this device", "Ask whoever runs the broker."),
    0x8C: ("asks for another way to log in", "Give this device a username and password, or a certificate."),
    0x8E: ("has another client of the same name", "Give each device a [device] name of its own."),
    0x95: ("takes no messages as large as this device's", "Let the broker take messages of 270,000 bytes."),
    0x9A: ("keeps no messages, which this device needs", "Let the broker keep retained messages."),
    0x9B: ("does not acknowledge messages, which this device needs", "Let the broker allow QoS 1."),
}


class BrokerTrouble(SmartlogError):
    """Something that keeps this device and the broker apart; `word` says of which sort."""

    fate = Fate.RETRY
    code = Exit.SERVICE_AWAY
    word = "away"


class BrokerAway(BrokerTrouble):
    """The network or the broker is away; it is tried again, soon at first."""


class BrokerRefuses(BrokerTrouble):
    """The broker, or this device, will not have the other; it is tried again slowly, for a person must mend it."""

    word = "refused"


def refusal(code: int, said: str) -> BrokerTrouble:
    """What a reason code of the broker means.

    >>> refusal(0x86, "Bad user name or password").word, refusal(0x89, "Server busy").word
    ('refused', 'away')
    """
    if code not in _REFUSALS:
        return BrokerAway(f"The broker ended the connection: {said.lower()}.")
    what, hint = _REFUSALS[code]
    return BrokerRefuses(f"The broker {what}.", hint)


def flutters(host: str) -> BrokerTrouble:
    """What is to be thought when session after session is soon over: older brokers do not say why."""
    return BrokerAway(
        f"The broker at {host} hangs up again and again.",
        "Is there another device of the same name? Does the broker take messages of 270,000 bytes? Its log says.",
    )


def unreached(error: OSError | ValueError, host: str, port: int) -> BrokerTrouble:
    """Why no connection came about."""
    where = f"{host}:{port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, host)
    if isinstance(error, ssl.SSLError):
        return disagreed(str(error))
    if isinstance(error, socket.gaierror):
        return BrokerAway(f"The broker's name {host} is not known here.", "Check the network, or the name.")
    if isinstance(error, ValueError):
        return BrokerRefuses(f"{host} is no name of a host.", "Mend host in [telemetry.mqtt].")
    if isinstance(error, TimeoutError):
        return BrokerAway(f"The broker at {where} does not answer.", "Check the network, and its firewall.")
    reason = (error.strerror or str(error)).lower()
    return BrokerAway(f"The broker at {where} is not reached: {reason}.", "Check that it runs, and the port.")


def disagreed(said: str) -> BrokerTrouble:
    """Why TLS did not come about, by what OpenSSL says."""
    if "CERTIFICATE" in said.upper() or "UNKNOWN_CA" in said.upper():
        return BrokerRefuses(
            "The broker does not take this device's certificate.",
            "Give it one that the broker's authority signed: cert_file and key_file in [telemetry.mqtt].",
        )
    return BrokerRefuses(
        "This device and the broker do not agree on TLS (1.2 or newer).",
        "Check that this port of the broker speaks TLS, or set tls = false.",
    )


def unusable(error: OSError | ValueError) -> BrokerRefuses:
    """Why the certificates that this device was given cannot be used."""
    name = f" {error.filename}" if isinstance(error, OSError) and error.filename else ""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BrokerRefuses(
        f"A certificate or key for the broker{name} cannot be used: {reason.lower()}.",
        "Check ca_file, cert_file and key_file in [telemetry.mqtt], and that this account may read them.",
    )


def _untrusted(error: ssl.SSLCertVerificationError, host: str) -> BrokerTrouble:
    if error.verify_code in _CLOCK:
        return BrokerAway(
            f"The broker's certificate is not valid today: {error.verify_message}.",
            "Check this device's clock, then the certificate.",
        )
    if error.verify_code in _WRONG_HOST:
        return BrokerRefuses(
            f"The broker's certificate is not one for {host}.", "Use the name in it as host, or have another made."
        )
    return BrokerRefuses(
        f"The broker's certificate is not trusted: {error.verify_message}.",
        "Name the file of its authority as ca_file in [telemetry.mqtt].",
    )
