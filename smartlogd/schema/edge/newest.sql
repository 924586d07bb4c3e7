-- Made by `python -m smartlogd.schema.snapshot` from smartlogd/schema/models.py; not edited by hand.
-- Instants (created_at, ts, timestamp, ...) are whole microseconds since 1970 UTC; smartlog_readable shows dates.
CREATE TABLE boots (
	boot_id VARCHAR(36) NOT NULL,
	started_at BIGINT NOT NULL,
	mono_us BIGINT NOT NULL,
	clock_trusted BOOLEAN NOT NULL,
	version VARCHAR(32) NOT NULL,
	CONSTRAINT pk_boots PRIMARY KEY (boot_id)
);
CREATE TABLE meta (
	"key" VARCHAR(64) NOT NULL,
	value JSON NOT NULL,
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
CREATE TABLE tombstones (
	uid VARCHAR(36) NOT NULL,
	what VARCHAR(16) NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_tombstones PRIMARY KEY (uid),
	CONSTRAINT ck_tombstones_what CHECK (what IN ('person', 'stranger'))
);
CREATE TABLE users (
	id INTEGER NOT NULL,
	uid VARCHAR(36) NOT NULL,
	email VARCHAR(320),
	name VARCHAR(200),
	role VARCHAR(16) NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	consent_at BIGINT,
	forgotten_at BIGINT,
	CONSTRAINT pk_users PRIMARY KEY (id),
	CONSTRAINT ck_users_role CHECK (role IN ('owner', 'admin', 'member', 'guest')),
	CONSTRAINT uq_users_uid UNIQUE (uid),
	CONSTRAINT uq_users_email UNIQUE (email)
);
CREATE TABLE devices (
	id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	name VARCHAR(64) NOT NULL,
	type VARCHAR(16) NOT NULL,
	status VARCHAR(16) NOT NULL,
	capabilities JSON NOT NULL,
	last_seen BIGINT,
	site VARCHAR(64),
	software_version VARCHAR(32),
	enabled BOOLEAN NOT NULL,
	epoch VARCHAR(36) NOT NULL,
	high_seq BIGINT NOT NULL,
	CONSTRAINT pk_devices PRIMARY KEY (id),
	CONSTRAINT ck_devices_type CHECK (type IN ('camera', 'robot')),
	CONSTRAINT fk_devices_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_devices_name UNIQUE (name)
);
CREATE TABLE subjects (
	uuid VARCHAR(36) NOT NULL,
	user_id INTEGER,
	has_face BOOLEAN NOT NULL,
	ignored BOOLEAN NOT NULL,
	merged_into VARCHAR(36),
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	best_crop VARCHAR(255),
	CONSTRAINT pk_subjects PRIMARY KEY (uuid),
	CONSTRAINT fk_subjects_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_subjects_merged_into FOREIGN KEY(merged_into) REFERENCES subjects (uuid)
);
CREATE INDEX ix_subjects_merged_into ON subjects (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_subjects_user_id ON subjects (user_id) WHERE user_id IS NOT NULL;
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL,
	type VARCHAR(32) NOT NULL,
	ts BIGINT NOT NULL,
	data JSON NOT NULL,
	video_ts_ms BIGINT,
	event_id VARCHAR(36) NOT NULL,
	device_id INTEGER NOT NULL,
	subject_uuid VARCHAR(36),
	subject_user_id INTEGER,
	ended_at BIGINT,
	boot_id VARCHAR(36),
	mono_us BIGINT,
	clock_trusted BOOLEAN,
	CONSTRAINT fk_events_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_events_event_id UNIQUE (event_id),
	CONSTRAINT fk_events_device_id FOREIGN KEY(device_id) REFERENCES devices (id),
	CONSTRAINT fk_events_subject_user_id FOREIGN KEY(subject_user_id) REFERENCES users (id)
);
CREATE INDEX ix_events_ts ON events (ts);
CREATE TABLE face_templates (
	id VARCHAR(36) NOT NULL,
	subject VARCHAR(36),
	user VARCHAR(36),
	model VARCHAR(128) NOT NULL,
	vector BLOB NOT NULL,
	quality FLOAT NOT NULL,
	source VARCHAR(16) NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_face_templates PRIMARY KEY (id),
	CONSTRAINT ck_face_templates_owner CHECK ((subject IS NULL) <> ("user" IS NULL)),
	CONSTRAINT ck_face_templates_quality CHECK (quality BETWEEN 0 AND 1),
	CONSTRAINT fk_face_templates_subject FOREIGN KEY(subject) REFERENCES subjects (uuid),
	CONSTRAINT fk_face_templates_user FOREIGN KEY(user) REFERENCES users (uid)
);
CREATE INDEX ix_face_templates_subject ON face_templates (subject);
CREATE INDEX ix_face_templates_user ON face_templates (user);
CREATE TABLE smartlog (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER,
	uuid VARCHAR(36),
	action VARCHAR(1) NOT NULL,
	timestamp BIGINT NOT NULL,
	image_path VARCHAR(255),
	embedding VARCHAR(255),
	event_id VARCHAR(36),
	device_id INTEGER,
	line VARCHAR(64),
	confidence FLOAT,
	track_id INTEGER,
	boot_id VARCHAR(36),
	mono_us BIGINT,
	clock_trusted BOOLEAN,
	CONSTRAINT ck_smartlog_action CHECK (action IN ('I', 'O')),
	CONSTRAINT ck_smartlog_someone CHECK (user_id IS NOT NULL OR uuid IS NOT NULL),
	CONSTRAINT ck_smartlog_confidence CHECK (confidence BETWEEN 0 AND 1),
	CONSTRAINT fk_smartlog_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_smartlog_event_id UNIQUE (event_id),
	CONSTRAINT fk_smartlog_device_id FOREIGN KEY(device_id) REFERENCES devices (id)
);
CREATE INDEX ix_smartlog_line_timestamp ON smartlog (line, timestamp);
CREATE INDEX ix_smartlog_timestamp ON smartlog (timestamp);
CREATE INDEX ix_smartlog_user_id ON smartlog (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_smartlog_uuid ON smartlog (uuid);
CREATE VIEW smartlog_readable AS
SELECT s.id,
       strftime('%Y-%m-%dT%H:%M:%S', s.timestamp / 1000000, 'unixepoch')
           || printf('.%06dZ', s.timestamp % 1000000) AS time,
       d.name AS device,
       s.line,
       CASE s.action WHEN 'I' THEN 'in' ELSE 'out' END AS direction,
       coalesce(u.name, s.uuid, 'user ' || s.user_id) AS who,
       s.confidence,
       CASE s.clock_trusted WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS clock_trusted
FROM smartlog AS s
LEFT JOIN devices AS d ON d.id = s.device_id
LEFT JOIN users AS u ON u.id = s.user_id;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES ('0002');
PRAGMA application_id = 1397509959;
