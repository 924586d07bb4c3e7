"""The line to the broker: the one file that speaks MQTT.

aiomqtt joins paho to the event loop. What it leaves open, a device that nobody watches needs: why a message was refused
(MQTT 5), which end a connection came to before it was one, a bound on what comes in, a thread for connecting that a
stopping daemon need not wait for (a name server may take half a minute to say nothing), and a way to hang up without
a word. So this is a subclass; what of aiomqtt's inside it leans on is held by tests/services/test_mqtt_line.py.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiomqtt
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from smartlogd.telemetry.login import Login
from smartlogd.telemetry.options import MqttOptions
from smartlogd.telemetry.tls import context
from smartlogd.telemetry.trouble import BrokerAway, BrokerTrouble, disagreed, refusal, unreached, unusable

MOST_BYTES = 256 * 1024
"""The largest message of ours."""
MOST_HEARD_BYTES = MOST_BYTES + 4096
"""The largest packet that a broker of version 5 is told to send: what we announced once; commands are far smaller."""
INFLIGHT = 20
ANSWER_S = 60.0
"""How long a broker that is alive may take to acknowledge one message."""
_CONNACK_S = 10.0
_OVERHEAD_BYTES = 512
"""What a packet has beside its payload: topic, header, properties."""
_FAILED = 0x80
_QUOTA = 0x97
_LOST = -1
"""Instead of a reason code, when the connection ended before there was one."""

Heard = Callable[[str, bytes, bool], None]
"""Is called with each message: topic, payload, and whether it was retained. It must not raise."""


class _Remark(logging.Handler):
    """Keeps the last thing that paho complained of: why the other end closed a connection is said nowhere else."""

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = record.getMessage()


class Line(aiomqtt.Client):
    """One connection, from `open` to `cut`; for the next one another Line is made.

    `will` is the topic on which the broker says "offline" for us. `most_bytes` is the largest payload that the
    broker takes, and `inflight` how many messages may wait for its answer, once it is open.
    """

    def __init__(self, options: MqttOptions, login: Login, *, name: str, will: str, heard: Heard) -> None:
        self._remark = _Remark()
        quiet = logging.Logger("paho", logging.WARNING)  # not one of the process's: what it says is said by `open`
        quiet.addHandler(self._remark)
        is_five = options.protocol == "5"
        super().__init__(
            options.host,
            options.reached_port,
            identifier=name,
            username=login.username or None,
            password=login.password or None,
            protocol=aiomqtt.ProtocolVersion.V5 if is_five else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_five else True,
            properties=_asked() if is_five else None,
            will=aiomqtt.Will(will, b"offline", qos=1, retain=True),
            keepalive=promised_s(options.keepalive_s),
            max_inflight_messages=INFLIGHT,
            max_queued_outgoing_messages=4 * INFLIGHT,
            logger=quiet,
        )
        self._options, self._login, self._heard = options, login, heard
        self._answers: dict[int, asyncio.Future[int]] = {}
        self.most_bytes = MOST_BYTES
        self.inflight = INFLIGHT

    async def open(self) -> None:
        """Connect and log in; BrokerAway or BrokerRefuses where that fails, and nothing is left of it then."""
        await self._dialled()
        try:
            await self._welcomed()
        except BaseException:
            self.cut()
            raise

    def send(
        self, topic: str, payload: bytes, *, retain: bool = False, worth_s: float | None = None
    ) -> asyncio.Future[int]:
        """Send with QoS 1, at once; the future is the broker's reason code, for `settled`.

        `worth_s` is how long a broker of version 5 is to keep it for somebody who is not there; None for as long as it
        likes. BrokerAway where the connection is gone: nothing is kept of the message then.
        """
        sent = self._client.publish(topic, payload, 1, retain, self._worth(worth_s))
        if sent.rc != 0:
            raise BrokerAway("The connection to the broker was lost.")
        answer = self._answers[sent.mid] = self._loop.create_future()
        return answer

    async def settled(self, answer: asyncio.Future[int]) -> bool:
        """Wait for the broker's answer; False where its rules refuse the message."""
        try:
            async with asyncio.timeout(ANSWER_S):
                code = await answer
        except TimeoutError:
            raise BrokerAway(f"The broker did not acknowledge a message for {ANSWER_S:.0f} s.") from None
        if code == _LOST:
            raise BrokerAway("The connection to the broker was lost.")
        if code == _QUOTA:
            raise BrokerAway("The broker takes no more messages for now.", "Look at its quota.")
        return code < _FAILED

    async def listen(self, filters: Sequence[str]) -> tuple[str, ...]:
        """Subscribe; gives those filters that the broker denies."""
        try:
            granted = await self.subscribe([(name, 1) for name in filters], timeout=ANSWER_S)
        except aiomqtt.MqttError as error:
            raise _explained(error) from error
        codes = [code.value if isinstance(code, ReasonCode) else code for code in granted]
        return tuple(name for name, code in zip(filters, codes, strict=False) if code >= _FAILED)

    async def ask(self, topic: str, within_s: float) -> None:
        """Ask what costs nobody anything, to end a subscription that there is not; BrokerAway without an answer.

        Unlike a ping of paho's, whose answer only paho knows of, this shows that the whole way is alive: our loop,
        paho's, the network, the broker.
        """
        try:
            await self.unsubscribe(topic, timeout=within_s)
        except aiomqtt.MqttError as error:
            raise BrokerAway(f"The broker was not heard for {within_s:.0f} s.", "Check the network.") from error

    async def ended(self) -> BrokerTrouble:
        """Wait for the end of the connection; why it ended."""
        await asyncio.wait({self._disconnected})
        error = self._disconnected.exception()
        return BrokerAway("The broker hung up.") if error is None else _explained(error)

    def close(self) -> None:
        """Say goodbye, so that the broker does not speak the will, and hang up."""
        self._client.disconnect()
        self._client.loop_write()  # what was said only waits to be written
        self.cut()

    def cut(self) -> None:
        """Hang up without a word; harmless when there is nothing to hang up."""
        self._client._sock_close()  # every public way says goodbye first, and then nobody speaks the will
        if self._misc_task is not None:
            self._misc_task.cancel()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(_LOST)
        self._answers.clear()
        for state in (self._connected, self._disconnected):
            if state.done() and not state.cancelled():
                state.exception()  # it was looked at: asyncio need not say that nobody did

    def _worth(self, span_s: float | None) -> Properties | None:
        if span_s is None or self._options.protocol != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = max(1, round(span_s))
        return properties

    # Connecting --------------------------------------------------------------------------------------

    async def _dialled(self) -> None:
        """Reach the broker, on a thread that the end of the process does not wait for."""
        done = self._loop.create_future()

        def settle(trouble: BaseException | None) -> None:
            if trouble is not None or done.cancelled():
                self.cut()
            if done.cancelled():
                return
            if trouble is not None:
                done.set_exception(trouble)
            else:
                done.set_result(None)

        def dial() -> None:
            trouble: BaseException | None = None
            try:
                self._dial()
            except BaseException as error:  # noqa: BLE001 - carried over, and raised where it is waited for
                trouble = error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(settle, trouble)

        threading.Thread(target=dial, name="mqtt", daemon=True).start()
        await done

    def _dial(self) -> None:
        if self._options.tls:
            try:
                self._client.tls_set_context(context(self._login))
            except (OSError, ValueError) as error:
                raise unusable(error) from error
        try:
            self._client_connect()
        except (OSError, ValueError) as error:
            raise unreached(error, self._options.host, self._options.reached_port) from error

    async def _welcomed(self) -> None:
        """Wait for the broker's CONNACK."""
        await asyncio.wait(
            {self._connected, self._disconnected}, timeout=_CONNACK_S, return_when=asyncio.FIRST_COMPLETED
        )
        ended = self._connected if self._connected.done() else self._disconnected
        if not ended.done():
            raise BrokerAway(f"The broker did not answer within {_CONNACK_S:.0f} s.", "Check that it is one.")
        error = ended.exception()
        if error is not None and "SSL" in self._remark.said:  # TLS 1.3 refuses a client after the handshake
            raise disagreed(self._remark.said) from error
        if error is not None:
            raise _explained(error) from error
        if ended is self._disconnected:
            raise BrokerAway("The broker hung up.")

    # What paho says ----------------------------------------------------------------------------------

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        self.most_bytes = min(MOST_BYTES, getattr(properties, "MaximumPacketSize", 2 * MOST_BYTES) - _OVERHEAD_BYTES)
        self.inflight = min(INFLIGHT, getattr(properties, "ReceiveMaximum", INFLIGHT))
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, reason_code: Any, properties: Any = None) -> None:
        # A reason of paho's own, for a connection that was simply lost, looks like one of the broker's, and is none.
        code: Any = reason_code if flags.is_disconnect_packet_from_server else _LOST
        if self._connected.done():
            super()._on_disconnect(client, userdata, flags, code, properties)
        else:  # perhaps on the thread that connects
            self._loop.call_soon_threadsafe(self._turned_away, code)

    def _turned_away(self, code: Any) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttCodeError(code, "turned away"))

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.call_soon_threadsafe(self._write_when_ready, sock)  # perhaps on the thread that connects

    def _write_when_ready(self, sock: Any) -> None:
        if sock.fileno() >= 0:  # it may be closed by now, and its number another's
            self._loop.add_writer(sock.fileno(), self._write)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # noqa: BLE001 - as aiomqtt reads: whatever it is ends the connection, not its loop
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        answer = self._answers.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(reason_code.value)

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._heard(topic, bytes(message.payload[:MOST_HEARD_BYTES]), message.retain)


def promised_s(keepalive_s: int) -> int:
    """How long a silence the broker is told to put up with, so that within 1.5 x keepalive_s everyone knows.

    It waits half as long again before it speaks the will, and Mosquitto 2.0 was measured to be up to 6 s late with
    it. (Below 10 s there is no room for that; only a newer broker keeps to it then.)

    >>> [promised_s(keepalive_s) for keepalive_s in (5, 10, 20, 60)]
    [2, 5, 13, 40]
    """
    return max(2, min(keepalive_s * 2 // 3, keepalive_s - 5))


def _asked() -> Properties:
    """What a broker of version 5 is asked to keep to."""
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    asked.MaximumPacketSize = MOST_HEARD_BYTES
    return asked


def _explained(error: BaseException) -> BrokerTrouble:
    """What an exception of the library means."""
    code = getattr(error, "rc", None)
    if isinstance(code, ReasonCode):
        return refusal(code.value, str(code))
    if isinstance(error, aiomqtt.MqttError):
        return BrokerAway("The connection to the broker was lost.")
    return BrokerAway(f"The broker said what no broker says ({type(error).__name__}).", "Check what listens there.")
