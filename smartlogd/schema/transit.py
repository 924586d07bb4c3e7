"""The tables of the machinery: what a device notes of itself, what waits to be sent, what the centre keeps besides.

They stand in the same metadata as those of `models.py`, where everyone imports them from.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from smartlogd.schema.tables import Base, Counted, one_of
from smartlogd.schema.types import Document, Instant, UniqueId

# On both sides -----------------------------------------------------------------------------------


class Meta(Base):
    """Small facts about the database itself."""

    __tablename__ = "meta"
    __table_args__ = ({"info": {"side": "both"}},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="created_by, created_at, ...")
    value: Mapped[object] = mapped_column(JSON, comment="Its value, as JSON.")


# On the edge -------------------------------------------------------------------------------------


class Boot(Base):
    """One start of the daemon; ties its monotonic clock to an instant."""

    __tablename__ = "boots"
    __table_args__ = (Index(None, "machine_boot"), {"info": {"side": "edge"}})

    boot_id: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="Minted at each start.")
    started_at: Mapped[dt.datetime] = mapped_column(Instant, comment="UTC at the start, as the clock then stood.")
    mono_us: Mapped[int] = mapped_column(BigInteger, comment="The monotonic clock at that same instant, microseconds.")
    clock_trusted: Mapped[bool] = mapped_column(comment="A time server disciplined the clock at that instant.")
    version: Mapped[str] = mapped_column(String(32), comment="The smartlogd that started.")
    machine_boot: Mapped[str | None] = mapped_column(
        String(36), comment="The kernel's boot id: starts that share one share a monotonic clock."
    )
    zero_at: Mapped[dt.datetime | None] = mapped_column(
        Instant,
        comment="When that monotonic clock stood at zero, learnt later; rows sealed as untrusted are read by it.",
    )


class Outbox(Base):
    """What waits to be sent to the centre: pointers to rows, which are read when they are sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "priority", "seq"),
        # A row that changes waits once, and as it last was; an event never changes, and pays for no index.
        Index("uq_outbox_waiting", "kind", "row_id", unique=True, sqlite_where=text("kind <> 'event'")),
        {"info": {"side": "edge"}, "sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, comment="Order of happening; never reused within an epoch.")
    kind: Mapped[str] = mapped_column(String(16), comment="What the row is: event, user, subject, ...")
    row_id: Mapped[str] = mapped_column(String(64), comment="Its key there: events.id, users.uid, subjects.uuid, ...")
    priority: Mapped[int] = mapped_column(comment="0 alarms and forgetting, 1 events and people, 2 bulk and history.")
    at: Mapped[dt.datetime] = mapped_column(Instant, comment="The row's own stamp: how old is what waits.")


class DeadLetter(Base):
    """What the centre refused for good; a person looks at it, mends the cause, and sends it again."""

    __tablename__ = "dead_letters"
    __table_args__ = (UniqueConstraint("kind", "row_id"), {"info": {"side": "edge"}})

    seq: Mapped[int] = mapped_column(primary_key=True, comment="Its number in the outbox when it was refused.")
    kind: Mapped[str] = mapped_column(String(16), comment="As in the outbox.")
    row_id: Mapped[str] = mapped_column(String(64), comment="As in the outbox.")
    priority: Mapped[int] = mapped_column(comment="As in the outbox.")
    at: Mapped[dt.datetime] = mapped_column(Instant, comment="As in the outbox.")
    died_at: Mapped[dt.datetime] = mapped_column(Instant, comment="When the centre refused it.")
    reason: Mapped[str] = mapped_column(String(500), comment="Why, in the centre's words.")


# At the centre -----------------------------------------------------------------------------------


class DeviceLogin(Base):
    """Which database login speaks for which device: the one thing by which the centre knows a device."""

    __tablename__ = "device_logins"
    __table_args__ = ({"info": {"side": "central"}},)

    login: Mapped[str] = mapped_column(String(63), primary_key=True, comment="Name of the role.")
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), unique=True, comment="The device.")
    made_at: Mapped[dt.datetime] = mapped_column(Instant, server_default=text("now()"), comment="When it was enrolled.")


class DeviceEpoch(Base):
    """A life of a device's database; after a salvage or a restore another one begins."""

    __tablename__ = "device_epochs"
    __table_args__ = (Index(None, "device_id"), {"info": {"side": "central"}})

    epoch: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="As the device minted it.")
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), comment="The device whose it is, for good.")
    first_at: Mapped[dt.datetime] = mapped_column(Instant, server_default=text("now()"), comment="First batch in it.")
    high_seq: Mapped[int] = mapped_column(BigInteger, default=0, comment="Highest sequence number that came.")


class LateRow(Base):
    """An event that came when its time was packed away already (compressed); reports read it beside the others."""

    __tablename__ = "late_rows"
    __table_args__ = (
        Index(None, "ts"),
        Index(None, "subject_uuid"),
        {"info": {"side": "central"}},
    )

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, comment="As in `events`.")
    event_id: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="As in `events`.")
    ts: Mapped[dt.datetime] = mapped_column(Instant, primary_key=True, comment="As in `events`.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Owner of the device, as in `events`.")
    type: Mapped[str] = mapped_column(String(32), comment="As in `events`.")
    data: Mapped[dict[str, object]] = mapped_column(Document, comment="As in `events`.")
    video_ts_ms: Mapped[int | None] = mapped_column(BigInteger, comment="As in `events`.")
    subject_uuid: Mapped[str | None] = mapped_column(UniqueId, comment="As in `events`; `uuid` in `smartlog`.")
    subject_user_id: Mapped[int | None] = mapped_column(comment="As in `events`.")
    ended_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="As in `events`.")
    boot_id: Mapped[str | None] = mapped_column(UniqueId, comment="As in `events`.")
    mono_us: Mapped[int | None] = mapped_column(BigInteger, comment="As in `events`.")
    clock_trusted: Mapped[bool | None] = mapped_column(comment="As in `events`.")
    person_id: Mapped[int | None] = mapped_column(comment="`user_id` in `smartlog`.")
    action: Mapped[str | None] = mapped_column(String(1), comment="As in `smartlog`; null: no passing.")
    line: Mapped[str | None] = mapped_column(String(64), comment="As in `smartlog`.")
    confidence: Mapped[float | None] = mapped_column(Float, comment="As in `smartlog`.")
    track_id: Mapped[int | None] = mapped_column(comment="As in `smartlog`.")
    image_path: Mapped[str | None] = mapped_column(String(255), comment="As in `smartlog`.")
    received_at: Mapped[dt.datetime] = mapped_column(Instant, server_default=text("now()"), comment="When it came.")


class CountsHourly(Base):
    """How often what happened in an hour; kept by `api.ingest` in the transaction of the rows themselves."""

    __tablename__ = "counts_hourly"
    __table_args__ = (Index(None, "hour"), {"info": {"side": "central"}})

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, comment="The device.")
    type: Mapped[str] = mapped_column(String(32), primary_key=True, comment="crossing, sit, bark, ...")
    line: Mapped[str] = mapped_column(String(64), primary_key=True, comment="The line of a crossing, else empty.")
    hour: Mapped[dt.datetime] = mapped_column(Instant, primary_key=True, comment="Its beginning, UTC.")
    count: Mapped[int] = mapped_column(BigInteger, default=0, comment="Events of the type.")
    in_count: Mapped[int] = mapped_column(BigInteger, default=0, comment="Passings inwards.")
    out_count: Mapped[int] = mapped_column(BigInteger, default=0, comment="Passings outwards.")


class ClockCorrection(Base):
    """When a device's monotonic clock stood at zero, learnt after rows had been sealed with a clock not trusted."""

    __tablename__ = "clock_corrections"
    __table_args__ = ({"info": {"side": "central"}},)

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, comment="The device.")
    boot_id: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="The start of its daemon.")
    zero_at: Mapped[dt.datetime] = mapped_column(Instant, comment="zero_at + mono_us is when a row happened.")


class Reject(Base):
    """What was refused, for the administrator; the device has it still, as a dead letter."""

    __tablename__ = "rejects"
    __table_args__ = (Index(None, "device_id"), Index(None, "at"), {"info": {"side": "central"}})

    id: Mapped[int] = mapped_column(Counted, primary_key=True, comment="Order of arrival.")
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), comment="Who sent it.")
    at: Mapped[dt.datetime] = mapped_column(Instant, server_default=text("now()"), comment="When.")
    kind: Mapped[str] = mapped_column(String(32), comment="What it was said to be.")
    reason: Mapped[str] = mapped_column(String(500), comment="Why it was refused.")
    payload: Mapped[object] = mapped_column(Document, comment="What came, cut to 4 KiB.")


class PersonKey(Base):
    """The key of a person's or stranger's faces, wrapped by the fleet key; left out of backups."""

    __tablename__ = "person_keys"
    __table_args__ = ({"info": {"side": "central"}},)

    owner: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="`users.uid` or `subjects.uuid`.")
    wrapped: Mapped[bytes] = mapped_column(LargeBinary, comment="The device's key file as it stands.")


class FleetKey(Base):
    """The fleet key, wrapped for one device; after a device was revoked the others find a new one here."""

    __tablename__ = "fleet_keys"
    __table_args__ = ({"info": {"side": "central"}},)

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, comment="For whom.")
    wrapped: Mapped[bytes] = mapped_column(LargeBinary, comment="Opens with what only that device was given.")
    made_at: Mapped[dt.datetime] = mapped_column(Instant, server_default=text("now()"), comment="When.")


class Change(Base):
    """The feed that devices follow: which row of which table changed last, in the order of commits."""

    __tablename__ = "changes"
    __table_args__ = (
        CheckConstraint(one_of("kind", ("user", "subject", "template", "tombstone", "routine", "model")), name="kind"),
        {"info": {"side": "central"}},
    )

    kind: Mapped[str] = mapped_column(String(16), primary_key=True, comment="What the row is.")
    key: Mapped[str] = mapped_column(String(128), primary_key=True, comment="Its name on the wire.")
    seq: Mapped[int] = mapped_column(BigInteger, unique=True, comment="Grows with every change; the device's cursor.")
