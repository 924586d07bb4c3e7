"""The tables of the log, edge and centre, described once.

The names of the log (`smartlog`) and of the monitor (`users`, `devices`, `events`) that this project continues are
kept as they stand. Each table says in `info["side"]` where it lives: "both", "edge" or "central". Integer ids are
local to one database; what crosses the wire is named by device name, `uid`, `uuid` and `event_id`.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, BigInteger, CheckConstraint, Float, ForeignKey, Index, LargeBinary, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from smartlogd.base.time import SystemClock
from smartlogd.schema.readable import accompany
from smartlogd.schema.types import Document, Instant, UniqueId

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
"""Every constraint has a name, so that a later migration can take it away again."""


def _now() -> dt.datetime:
    """The instant at which a row without a stamp of its own is written."""
    return SystemClock().now().utc


def _where_known(column: str) -> Index:
    """An index of the few rows in which the column is not null; the many others cost nothing."""
    known = text(f"{column} IS NOT NULL")
    return Index(None, column, sqlite_where=known, postgresql_where=known)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMES)


class User(Base):
    """Someone who owns devices, or someone the log knows by name."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'admin', 'member', 'guest')", name="role"),
        {"info": {"side": "both"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    uid: Mapped[str] = mapped_column(
        UniqueId, unique=True, comment="UUIDv7, minted where the person is enrolled; names the person everywhere."
    )
    email: Mapped[str | None] = mapped_column(
        String(320), unique=True, comment="Address for signing in at a centre; a local owner has none."
    )
    name: Mapped[str | None] = mapped_column(String(200), comment="As the person is called on the log.")
    role: Mapped[str] = mapped_column(String(16), default="member", comment="owner, admin, member or guest.")
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="When the row was made.")
    updated_at: Mapped[dt.datetime] = mapped_column(
        Instant, default=_now, onupdate=_now, comment="When the row last changed; the newer of two copies wins."
    )
    consent_at: Mapped[dt.datetime | None] = mapped_column(
        Instant, comment="When the person agreed to be recognised; null: nobody said so."
    )
    forgotten_at: Mapped[dt.datetime | None] = mapped_column(
        Instant, comment="When the person was forgotten; the row stays so that late copies are stripped too."
    )


class Device(Base):
    """A camera (or robot) that writes a log."""

    __tablename__ = "devices"
    __table_args__ = (CheckConstraint("type IN ('camera', 'robot')", name="type"), {"info": {"side": "both"}})

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="The owner; a local one until enrolled.")
    name: Mapped[str] = mapped_column(String(64), unique=True, comment="Names the device everywhere.")
    type: Mapped[str] = mapped_column(String(16), default="camera", comment="camera or robot.")
    status: Mapped[str] = mapped_column(
        String(16), default="offline", comment="online while a daemon writes, else offline."
    )
    capabilities: Mapped[list[str]] = mapped_column(Document, default=list, comment="What it can log, as words.")
    last_seen: Mapped[dt.datetime | None] = mapped_column(Instant, comment="Its last start or clean stop.")
    site: Mapped[str | None] = mapped_column(String(64), comment="Where it hangs, for reports over several devices.")
    software_version: Mapped[str | None] = mapped_column(String(32), comment="The smartlogd that wrote last.")
    enabled: Mapped[bool] = mapped_column(default=True, comment="False: its rows are refused by the centre.")
    epoch: Mapped[str] = mapped_column(
        UniqueId, comment="Changes with every restore or salvage, so that (device, epoch, seq) never repeats."
    )
    high_seq: Mapped[int] = mapped_column(
        BigInteger, default=0, comment="Highest sequence number given to an outgoing row in this epoch."
    )


class Subject(Base):
    """Someone seen, before and apart from any name; every track is born as one."""

    __tablename__ = "subjects"
    __table_args__ = (_where_known("user_id"), _where_known("merged_into"), {"info": {"side": "both"}})

    uuid: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="The uuid that the log's rows carry.")
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="Who it turned out to be; naming and undoing it change this one row."
    )
    has_face: Mapped[bool] = mapped_column(default=False, comment="A face was seen that could be recognised.")
    ignored: Mapped[bool] = mapped_column(default=False, comment="Someone said: do not ask me about this one.")
    merged_into: Mapped[str | None] = mapped_column(
        ForeignKey("subjects.uuid"), comment="The same person under an earlier uuid; the rows keep theirs."
    )
    first_seen: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="Stamp of its first event.")
    last_seen: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="Stamp of its newest event.")
    best_crop: Mapped[str | None] = mapped_column(String(255), comment="Path of its best picture, in the state folder.")


class FaceTemplate(Base):
    """One remembered face: of a person who was enrolled, or of someone seen."""

    __tablename__ = "face_templates"
    __table_args__ = (
        CheckConstraint('(subject IS NULL) <> ("user" IS NULL)', name="owner"),
        CheckConstraint("quality BETWEEN 0 AND 1", name="quality"),
        Index(None, "subject"),
        Index(None, "user"),
        {"info": {"side": "both"}},
    )

    id: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="Minted once; writing it twice is harmless.")
    subject: Mapped[str | None] = mapped_column(
        ForeignKey("subjects.uuid"), comment="Who was seen with it, or null; follows that subject's name."
    )
    user: Mapped[str | None] = mapped_column(ForeignKey("users.uid"), comment="Who was enrolled with it, or null.")
    model: Mapped[str] = mapped_column(
        String(128), comment="The network that made the vector; those of two networks are never compared."
    )
    vector: Mapped[bytes] = mapped_column(
        LargeBinary, comment="float32[128], sealed under the key of its owner (`store/keys.py`)."
    )
    quality: Mapped[float] = mapped_column(Float, comment="How good the picture was, 0..1.")
    source: Mapped[str] = mapped_column(String(16), comment="Where it came from: photo, camera, import, track.")
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="When the face was taken in.")


class Tombstone(Base):
    """Someone who was forgotten: what arrives late about them is not kept."""

    __tablename__ = "tombstones"
    __table_args__ = (CheckConstraint("what IN ('person', 'stranger')", name="what"), {"info": {"side": "both"}})

    uid: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="`users.uid`, or a stranger's uuid.")
    what: Mapped[str] = mapped_column(String(16), comment="person or stranger.")
    at: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="When they were forgotten.")


class Event(Base):
    """Something that happened, once; a crossing has a row in `smartlog` besides."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "ts"), {"info": {"side": "both"}, "sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, comment="Order of arrival in this database; never reused.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Owner of the device, not the one seen.")
    type: Mapped[str] = mapped_column(String(32), comment="crossing, person_entered, ...: the data model's words.")
    ts: Mapped[dt.datetime] = mapped_column(Instant, default=_now, comment="When it happened, as stamped at the lens.")
    data: Mapped[dict[str, object]] = mapped_column(
        Document, default=dict, comment="What belongs to this type of event."
    )
    video_ts_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="Where in a recording, milliseconds from its start."
    )
    event_id: Mapped[str] = mapped_column(
        UniqueId, unique=True, comment="Minted once; writing or sending the same event twice is harmless by it."
    )
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), comment="The device that saw it.")
    subject_uuid: Mapped[str | None] = mapped_column(
        UniqueId, comment="Who it happened to. No foreign key: a subject may be forgotten, the count stays."
    )
    subject_user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="Who that was known to be when it happened; null while unknown."
    )
    ended_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="When it was over, for what takes time.")
    boot_id: Mapped[str | None] = mapped_column(UniqueId, comment="The start of the daemon that saw it (`boots`).")
    mono_us: Mapped[int | None] = mapped_column(
        BigInteger,
        comment="Microseconds on that boot's monotonic clock; orders rows whatever the clock on the wall did.",
    )
    clock_trusted: Mapped[bool | None] = mapped_column(comment="A time server disciplined the clock at that instant.")


class Smartlog(Base):
    """One passing of one line by one being: I towards its inside, O the other way."""

    __tablename__ = "smartlog"
    __table_args__ = (
        CheckConstraint("action IN ('I', 'O')", name="action"),
        CheckConstraint("user_id IS NOT NULL OR uuid IS NOT NULL", name="someone"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        Index(None, "timestamp"),
        Index(None, "line", "timestamp"),
        Index(None, "uuid"),
        _where_known("user_id"),
        {"info": {"side": "both"}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        primary_key=True, comment="Order of arrival here; never reused, so one can follow it."
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), comment="The person; null while unknown.")
    uuid: Mapped[str | None] = mapped_column(
        String(36), comment="The subject seen; kept also after someone is named, so that naming can be undone."
    )
    action: Mapped[str] = mapped_column(String(1), comment="I (in) or O (out).")
    timestamp: Mapped[dt.datetime] = mapped_column(
        Instant, default=_now, comment="When the line was passed; never changes once written."
    )
    image_path: Mapped[str | None] = mapped_column(String(255), comment="A picture of it, in the state folder.")
    embedding: Mapped[str | None] = mapped_column(
        String(255),
        comment="Path of a sealed face embedding; null in our rows, whose sealed faces stand in `face_templates`.",
    )
    event_id: Mapped[str | None] = mapped_column(
        UniqueId, unique=True, comment="The `events` row of the same passing; null in a row written by hand."
    )
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"), comment="The device that saw it.")
    line: Mapped[str | None] = mapped_column(String(64), comment="Name of the line that was passed.")
    confidence: Mapped[float | None] = mapped_column(Float, comment="How sure the passing is, 0..1.")
    track_id: Mapped[int | None] = mapped_column(comment="The track within that boot; counts from 1.")
    boot_id: Mapped[str | None] = mapped_column(UniqueId, comment="The start of the daemon that saw it (`boots`).")
    mono_us: Mapped[int | None] = mapped_column(BigInteger, comment="Microseconds on that boot's monotonic clock.")
    clock_trusted: Mapped[bool | None] = mapped_column(comment="A time server disciplined the clock at that instant.")


class Boot(Base):
    """One start of the daemon; ties its monotonic clock to an instant."""

    __tablename__ = "boots"
    __table_args__ = ({"info": {"side": "edge"}},)

    boot_id: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="Minted at each start.")
    started_at: Mapped[dt.datetime] = mapped_column(Instant, comment="UTC at the start, as the clock then stood.")
    mono_us: Mapped[int] = mapped_column(BigInteger, comment="The monotonic clock at that same instant, microseconds.")
    clock_trusted: Mapped[bool] = mapped_column(comment="A time server disciplined the clock at that instant.")
    version: Mapped[str] = mapped_column(String(32), comment="The smartlogd that started.")


class Meta(Base):
    """Small facts about the database itself."""

    __tablename__ = "meta"
    __table_args__ = ({"info": {"side": "edge"}},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="created_by, created_at, ...")
    value: Mapped[object] = mapped_column(JSON, comment="Its value, as JSON.")


accompany(Base.metadata)
