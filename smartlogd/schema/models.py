"""The tables of the log, edge and centre, described once.

The names of the log (`smartlog`) and of the monitor (`users`, `devices`, `events`) that this project continues are
kept as they stand. Each table says in `info["side"]` where it lives: "both", "edge" or "central". Integer ids are
local to one database; what crosses the wire is named by device name, `uid`, `uuid` and `event_id`.
"""

# house: one table after the other, each column with its reason; cut in two, neither half would be the schema.
from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from smartlogd.schema.readable import accompany
from smartlogd.schema.tables import (
    Base,
    Counted,
    at_centre,
    now,
    of_untrusted_clocks,
    on_edge,
    one_of,
    pointing,
    untrusted,
    where_known,
)
from smartlogd.schema.transit import (
    Boot,
    Change,
    ClockCorrection,
    CountsHourly,
    DeadLetter,
    DeviceEpoch,
    DeviceLogin,
    FleetKey,
    LateRow,
    Meta,
    Outbox,
    PersonKey,
    Reject,
)
from smartlogd.schema.types import Document, Instant, UniqueId

__all__ = [
    "AIMetricsDaily",
    "Base",
    "Boot",
    "Change",
    "Clip",
    "ClockCorrection",
    "CountsHourly",
    "DeadLetter",
    "Device",
    "DeviceEpoch",
    "DeviceLogin",
    "DeviceMetricsDaily",
    "Event",
    "FaceTemplate",
    "FleetKey",
    "LateRow",
    "Meta",
    "Model",
    "Outbox",
    "PersonKey",
    "Reject",
    "Routine",
    "Smartlog",
    "Snapshot",
    "Subject",
    "Tombstone",
    "User",
]

ROLES = ("owner", "admin", "member", "guest")
PHASES = ("planned", "kept", "uploaded", "lost")
"""How far a clip or snapshot is: wished for, on the device's disk, in the object store, given up for want of room."""


class User(Base):
    """Someone who owns devices, or someone the log knows by name."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(one_of("role", ROLES), name="role"),
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
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When the row was made.")
    updated_at: Mapped[dt.datetime] = mapped_column(
        Instant, default=now, onupdate=now, comment="When the row last changed; the newer of two copies wins."
    )
    consent_at: Mapped[dt.datetime | None] = mapped_column(
        Instant, comment="When the person agreed to be recognised; null: nobody said so."
    )
    forgotten_at: Mapped[dt.datetime | None] = mapped_column(
        Instant, comment="When the person was forgotten; the row stays so that late copies are stripped too."
    )

    devices: Mapped[list[Device]] = relationship(back_populates="owner")
    events: Mapped[list[Event]] = relationship(back_populates="owner", foreign_keys="Event.user_id")
    clips: Mapped[list[Clip]] = relationship(back_populates="owner")
    snapshots: Mapped[list[Snapshot]] = relationship(back_populates="owner")
    routines: Mapped[list[Routine]] = relationship(back_populates="owner")
    ai_metrics: Mapped[list[AIMetricsDaily]] = relationship(back_populates="owner")
    passings: Mapped[list[Smartlog]] = relationship(back_populates="user")
    subjects: Mapped[list[Subject]] = relationship(back_populates="user")


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
        BigInteger, default=0, comment="Highest sequence number of an outgoing row in this epoch that the centre took."
    )

    owner: Mapped[User] = relationship(back_populates="devices")
    events: Mapped[list[Event]] = relationship(back_populates="device")


class Subject(Base):
    """Someone seen, before and apart from any name; every track is born as one."""

    __tablename__ = "subjects"
    __table_args__ = (where_known("user_id"), where_known("merged_into"), {"info": {"side": "both"}})

    uuid: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="The uuid that the log's rows carry.")
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="Who it turned out to be; naming and undoing it change this one row."
    )
    has_face: Mapped[bool] = mapped_column(default=False, comment="A face was seen that could be recognised.")
    ignored: Mapped[bool] = mapped_column(default=False, comment="Someone said: do not ask me about this one.")
    merged_into: Mapped[str | None] = mapped_column(
        ForeignKey("subjects.uuid"), comment="The same person under an earlier uuid; the rows keep theirs."
    )
    first_seen: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="Stamp of its first event.")
    last_seen: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="Stamp of its newest event.")
    best_crop: Mapped[str | None] = mapped_column(String(255), comment="Path of its best picture, in the state folder.")
    rev: Mapped[int] = mapped_column(
        server_default=text("0"),
        comment="How often its name, merger or ignoring changed; of two copies that of more changes wins.",
    )

    user: Mapped[User | None] = relationship(back_populates="subjects")


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
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When the face was taken in.")


class Tombstone(Base):
    """Someone who was forgotten, or is another by now: what arrives late about them is not kept as it is."""

    __tablename__ = "tombstones"
    __table_args__ = (
        CheckConstraint(one_of("what", ("person", "stranger", "merged")), name="what"),
        CheckConstraint("(what = 'merged') = (heir IS NOT NULL)", name="heir"),
        {"info": {"side": "both"}},
    )

    uid: Mapped[str] = mapped_column(UniqueId, primary_key=True, comment="`users.uid`, or a stranger's uuid.")
    what: Mapped[str] = mapped_column(String(16), comment="person, stranger, or merged: a person who is another.")
    heir: Mapped[str | None] = mapped_column(UniqueId, comment="Of one who was merged: who it turned out to be.")
    at: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When they were forgotten.")


class Event(Base):
    """Something that happened, once; a crossing has a row in `smartlog` besides."""

    __tablename__ = "events"
    __table_args__ = (
        pointing("user_id", "users.id"),
        pointing("device_id", "devices.id"),
        pointing("subject_user_id", "users.id"),
        on_edge(UniqueConstraint("event_id")),
        at_centre(UniqueConstraint("device_id", "event_id", "ts")),
        on_edge(Index(None, "ts")),
        untrusted(),
        at_centre(Index(None, "user_id", "type", text("ts DESC"))),
        at_centre(Index(None, "device_id", text("ts DESC"))),
        at_centre(of_untrusted_clocks()),
        {"info": {"side": "both"}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        Counted, primary_key=True, comment="Order of arrival in this database; never reused."
    )
    user_id: Mapped[int] = mapped_column(comment="Owner of the device, not the one seen.")
    type: Mapped[str] = mapped_column(String(32), comment="crossing, person_entered, ...: the data model's words.")
    ts: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When it happened, as stamped at the lens.")
    data: Mapped[dict[str, object]] = mapped_column(
        Document, default=dict, comment="What belongs to this type of event."
    )
    video_ts_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="Where in a recording, milliseconds from its start."
    )
    event_id: Mapped[str] = mapped_column(
        UniqueId, comment="Minted once; writing or sending the same event twice is harmless by it."
    )
    device_id: Mapped[int] = mapped_column(comment="The device that saw it.")
    subject_uuid: Mapped[str | None] = mapped_column(
        UniqueId, comment="Who it happened to. No foreign key: a subject may be forgotten, the count stays."
    )
    subject_user_id: Mapped[int | None] = mapped_column(
        comment="Who that was known to be when it happened; null while unknown."
    )
    ended_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="When it was over, for what takes time.")
    boot_id: Mapped[str | None] = mapped_column(UniqueId, comment="The start of the daemon that saw it (`boots`).")
    mono_us: Mapped[int | None] = mapped_column(
        BigInteger,
        comment="Microseconds on that boot's monotonic clock; orders rows whatever the clock on the wall did.",
    )
    clock_trusted: Mapped[bool | None] = mapped_column(comment="A time server disciplined the clock at that instant.")

    owner: Mapped[User] = relationship(back_populates="events", foreign_keys=[user_id])
    device: Mapped[Device] = relationship(back_populates="events")


class Smartlog(Base):
    """One passing of one line by one being: I towards its inside, O the other way."""

    __tablename__ = "smartlog"
    __table_args__ = (
        CheckConstraint("action IN ('I', 'O')", name="action"),
        CheckConstraint("user_id IS NOT NULL OR uuid IS NOT NULL", name="someone"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        pointing("user_id", "users.id"),
        pointing("device_id", "devices.id"),
        on_edge(UniqueConstraint("event_id")),
        at_centre(UniqueConstraint("device_id", "event_id", "timestamp")),
        at_centre(of_untrusted_clocks()),
        Index(None, "timestamp"),
        Index(None, "line", "timestamp"),
        Index(None, "uuid"),
        where_known("user_id"),
        untrusted(),
        {"info": {"side": "both"}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        Counted, primary_key=True, comment="Order of arrival here; never reused, so one can follow it."
    )
    user_id: Mapped[int | None] = mapped_column(comment="The person; null while unknown.")
    uuid: Mapped[str | None] = mapped_column(
        String(36), comment="The subject seen; kept also after someone is named, so that naming can be undone."
    )
    action: Mapped[str] = mapped_column(String(1), comment="I (in) or O (out).")
    timestamp: Mapped[dt.datetime] = mapped_column(
        Instant, default=now, comment="When the line was passed; never changes once written."
    )
    image_path: Mapped[str | None] = mapped_column(String(255), comment="A picture of it, in the state folder.")
    embedding: Mapped[str | None] = mapped_column(
        String(255),
        comment="Path of a sealed face embedding; null in our rows, whose sealed faces stand in `face_templates`.",
    )
    event_id: Mapped[str | None] = mapped_column(
        UniqueId, comment="The `events` row of the same passing; null in a row written by hand."
    )
    device_id: Mapped[int | None] = mapped_column(comment="The device that saw it.")
    line: Mapped[str | None] = mapped_column(String(64), comment="Name of the line that was passed.")
    confidence: Mapped[float | None] = mapped_column(Float, comment="How sure the passing is, 0..1.")
    track_id: Mapped[int | None] = mapped_column(comment="The track within that boot; counts from 1.")
    boot_id: Mapped[str | None] = mapped_column(UniqueId, comment="The start of the daemon that saw it (`boots`).")
    mono_us: Mapped[int | None] = mapped_column(BigInteger, comment="Microseconds on that boot's monotonic clock.")
    clock_trusted: Mapped[bool | None] = mapped_column(comment="A time server disciplined the clock at that instant.")

    user: Mapped[User | None] = relationship(back_populates="passings")


class _Media:
    """What clips and snapshots have in common: where the bytes are, and who may look."""

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="The owner of the device.")
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), comment="The device that recorded it.")
    event_id: Mapped[str] = mapped_column(
        UniqueId, unique=True, comment="The event of its being saved (clip_saved, snapshot_saved); names it everywhere."
    )
    s3_uri: Mapped[str | None] = mapped_column(String(1024), comment="s3://bucket/key; null until it is there.")
    path: Mapped[str | None] = mapped_column(String(255), comment="Where it lies in the device's state folder.")
    labels: Mapped[list[str]] = mapped_column(Document, default=list, comment="What it shows, as words.")
    bytes: Mapped[int | None] = mapped_column(BigInteger, comment="Its size.")
    sha256: Mapped[str | None] = mapped_column(String(64), comment="Hexadecimal, of the whole file.")
    phase: Mapped[str] = mapped_column(String(16), default="planned", comment="planned, kept, uploaded or lost.")
    share_token_hash: Mapped[str | None] = mapped_column(
        String(64), comment="SHA-256 of the token of a link to it, hexadecimal; the token itself is kept nowhere."
    )
    share_expires_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="Until when that link opens.")
    share_uses_left: Mapped[int | None] = mapped_column(comment="How often it still opens; null: without limit.")


class Clip(_Media, Base):
    """A stretch of video that shows something worth keeping."""

    __tablename__ = "clips"
    __table_args__ = (
        CheckConstraint(one_of("phase", PHASES), name="phase"),
        Index(None, "user_id", "start_ts"),
        {"info": {"side": "both"}},
    )

    start_ts: Mapped[dt.datetime] = mapped_column(Instant, comment="When it begins.")
    duration_ms: Mapped[int] = mapped_column(comment="How long it lasts.")
    preview_png: Mapped[str | None] = mapped_column(String(1024), comment="Key of a still of it, in the same place.")

    owner: Mapped[User] = relationship(back_populates="clips")


class Snapshot(_Media, Base):
    """One frame that was kept."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint(one_of("phase", PHASES), name="phase"),
        Index(None, "user_id", "ts"),
        {"info": {"side": "both"}},
    )

    ts: Mapped[dt.datetime] = mapped_column(Instant, comment="When it was taken.")
    note: Mapped[str | None] = mapped_column(String(2000), comment="What someone wrote about it.")

    owner: Mapped[User] = relationship(back_populates="snapshots")


class Routine(Base):
    """A sequence of steps that begins by itself at certain times."""

    __tablename__ = "routines"
    __table_args__ = (Index(None, "user_id"), {"info": {"side": "both"}})

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    uid: Mapped[str] = mapped_column(UniqueId, unique=True, comment="UUIDv7; names the routine everywhere.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Whose routine it is.")
    device_id: Mapped[int | None] = mapped_column(
        ForeignKey("devices.id"), comment="The one device that runs it; null: all of the owner's."
    )
    name: Mapped[str] = mapped_column(String(200), comment="As people call it.")
    cron: Mapped[str] = mapped_column(String(100), comment="When it begins: minute, hour, day, month, weekday.")
    timezone: Mapped[str] = mapped_column(
        String(64), default="UTC", server_default="UTC", comment="Whose wall clock the five fields mean."
    )
    steps: Mapped[list[dict[str, object]]] = mapped_column(
        Document,
        default=list,
        comment="[{type: pet, treat, play, sit_drill, fetch or wait; duration_s; params}], done in this order.",
    )
    enabled: Mapped[bool] = mapped_column(default=True, comment="False: it waits until someone says otherwise.")
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When it was made.")
    updated_at: Mapped[dt.datetime] = mapped_column(
        Instant, default=now, onupdate=now, comment="When it last changed; the newer of two copies wins."
    )
    last_run_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="When it last began.")
    next_run_at: Mapped[dt.datetime | None] = mapped_column(Instant, comment="When it begins next.")

    owner: Mapped[User] = relationship(back_populates="routines")


class _Daily:
    """What is counted in a day: happenings, not frames, and minutes as integrals of intervals."""

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    date: Mapped[dt.date] = mapped_column(Date, comment="The day, in the device's own time zone.")
    sit_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it sat down.")
    stand_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it stood up.")
    lie_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it lay down.")
    fetch_count: Mapped[int] = mapped_column(
        Integer, default=0, server_default=text("0"), comment="Times it went out to fetch."
    )
    fetch_success_count: Mapped[int] = mapped_column(
        Integer, default=0, server_default=text("0"), comment="Times it came back within 10 s."
    )
    treats_dispensed: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Treats given.")
    time_in_frame_min: Mapped[float] = mapped_column(
        Float, default=0.0, server_default=text("0"), comment="Minutes in view; gaps of up to 5 s count."
    )
    calm_minutes: Mapped[float] = mapped_column(
        Float, default=0.0, server_default=text("0"), comment="Minutes in view, lying, sitting or still."
    )
    barks: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it barked.")
    howls: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it howled.")
    whines: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Times it whined.")
    in_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Passings inwards.")
    out_count: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"), comment="Passings outwards.")


class AIMetricsDaily(_Daily, Base):
    """A day of all devices of one owner: the sum of their days, so that a day sent again changes nothing."""

    __tablename__ = "ai_metrics_daily"
    __table_args__ = (UniqueConstraint("user_id", "date"), {"info": {"side": "both"}})

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="The owner.")

    owner: Mapped[User] = relationship(back_populates="ai_metrics")


class DeviceMetricsDaily(_Daily, Base):
    """A day of one device, as the device itself counted it."""

    __tablename__ = "device_metrics_daily"
    __table_args__ = (UniqueConstraint("device_id", "date"), {"info": {"side": "both"}})

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), comment="The device.")


METRICS = tuple(
    column.key for column in DeviceMetricsDaily.__table__.columns if column.key not in {"id", "date", "device_id"}
)
"""The columns that are summed."""


class Model(Base):
    """A network that devices may use."""

    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint(one_of("type", ("detector", "action", "pose", "policy", "embedder", "sound")), name="type"),
        CheckConstraint(one_of("status", ("available", "active", "retired")), name="status"),
        {"info": {"side": "both"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Local to this database; never leaves it.")
    name: Mapped[str] = mapped_column(String(64), comment="With the version it names the model everywhere.")
    version: Mapped[str] = mapped_column(String(32), comment="As its maker counts.")
    type: Mapped[str] = mapped_column(String(16), comment="detector, action, pose, policy, embedder or sound.")
    artifact_uri: Mapped[str] = mapped_column(String(1024), comment="Where its file can be had.")
    status: Mapped[str] = mapped_column(String(16), default="available", comment="available, active or retired.")
    created_at: Mapped[dt.datetime] = mapped_column(Instant, default=now, comment="When it was entered.")
    sha256: Mapped[str | None] = mapped_column(String(64), comment="Hexadecimal; a file that differs is not used.")
    license: Mapped[str | None] = mapped_column(String(64), comment="SPDX identifier, where it has one.")
    # "metadata" is taken: by it SQLAlchemy's classes name their tables.
    about: Mapped[dict[str, object]] = mapped_column(
        "metadata", Document, default=dict, comment="What else is to be known: shapes, labels, thresholds."
    )


accompany(Base.metadata)
