-- Made by `python -m smartlogd.schema.snapshot` from smartlogd/schema/models.py; not edited by hand.
-- Instants (created_at, ts, timestamp, ...) are whole microseconds since 1970 UTC; smartlog_readable shows dates.
CREATE TABLE boots (
	boot_id VARCHAR(36) NOT NULL,
	started_at BIGINT NOT NULL,
	mono_us BIGINT NOT NULL,
	clock_trusted BOOLEAN NOT NULL,
	version VARCHAR(32) NOT NULL,
	machine_boot VARCHAR(36),
	zero_at BIGINT,
	CONSTRAINT pk_boots PRIMARY KEY (boot_id)
);
CREATE INDEX ix_boots_machine_boot ON boots (machine_boot);
CREATE TABLE dead_letters (
	seq INTEGER NOT NULL,
	kind VARCHAR(16) NOT NULL,
	row_id VARCHAR(64) NOT NULL,
	priority INTEGER NOT NULL,
	at BIGINT NOT NULL,
	died_at BIGINT NOT NULL,
	reason VARCHAR(500) NOT NULL,
	CONSTRAINT pk_dead_letters PRIMARY KEY (seq),
	CONSTRAINT uq_dead_letters_kind_row_id UNIQUE (kind, row_id)
);
CREATE TABLE meta (
	"key" VARCHAR(64) NOT NULL,
	value JSON NOT NULL,
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
CREATE TABLE models (
	id INTEGER NOT NULL,
	name VARCHAR(64) NOT NULL,
	version VARCHAR(32) NOT NULL,
	type VARCHAR(16) NOT NULL,
	artifact_uri VARCHAR(1024) NOT NULL,
	status VARCHAR(16) NOT NULL,
	created_at BIGINT NOT NULL,
	sha256 VARCHAR(64),
	license VARCHAR(64),
	metadata JSON NOT NULL,
	CONSTRAINT pk_models PRIMARY KEY (id),
	CONSTRAINT uq_models_name_version UNIQUE (name, version),
	CONSTRAINT ck_models_type CHECK (type IN ('detector', 'action', 'pose', 'policy', 'embedder', 'sound')),
	CONSTRAINT ck_models_status CHECK (status IN ('available', 'active', 'retired'))
);
CREATE TABLE outbox (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind VARCHAR(16) NOT NULL,
	row_id VARCHAR(64) NOT NULL,
	priority INTEGER NOT NULL,
	at BIGINT NOT NULL
);
CREATE INDEX ix_outbox_priority_seq ON outbox (priority, seq);
CREATE UNIQUE INDEX uq_outbox_waiting ON outbox (kind, row_id) WHERE kind <> 'event';
CREATE TABLE tombstones (
	uid VARCHAR(36) NOT NULL,
	what VARCHAR(16) NOT NULL,
	heir VARCHAR(36),
	at BIGINT NOT NULL,
	CONSTRAINT pk_tombstones PRIMARY KEY (uid),
	CONSTRAINT ck_tombstones_what CHECK (what IN ('person', 'stranger', 'merged')),
	CONSTRAINT ck_tombstones_heir CHECK ((what = 'merged') = (heir IS NOT NULL))
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
CREATE TABLE ai_metrics_daily (
	user_id INTEGER NOT NULL,
	id INTEGER NOT NULL,
	date DATE NOT NULL,
	sit_count INTEGER DEFAULT 0 NOT NULL,
	stand_count INTEGER DEFAULT 0 NOT NULL,
	lie_count INTEGER DEFAULT 0 NOT NULL,
	fetch_count INTEGER DEFAULT 0 NOT NULL,
	fetch_success_count INTEGER DEFAULT 0 NOT NULL,
	treats_dispensed INTEGER DEFAULT 0 NOT NULL,
	time_in_frame_min FLOAT DEFAULT 0 NOT NULL,
	calm_minutes FLOAT DEFAULT 0 NOT NULL,
	barks INTEGER DEFAULT 0 NOT NULL,
	howls INTEGER DEFAULT 0 NOT NULL,
	whines INTEGER DEFAULT 0 NOT NULL,
	in_count INTEGER DEFAULT 0 NOT NULL,
	out_count INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_ai_metrics_daily PRIMARY KEY (id),
	CONSTRAINT uq_ai_metrics_daily_user_id_date UNIQUE (user_id, date),
	CONSTRAINT fk_ai_metrics_daily_user_id FOREIGN KEY(user_id) REFERENCES users (id)
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
	rev INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_subjects PRIMARY KEY (uuid),
	CONSTRAINT fk_subjects_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_subjects_merged_into FOREIGN KEY(merged_into) REFERENCES subjects (uuid)
);
CREATE INDEX ix_subjects_merged_into ON subjects (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_subjects_user_id ON subjects (user_id) WHERE user_id IS NOT NULL;
CREATE TABLE clips (
	start_ts BIGINT NOT NULL,
	duration_ms INTEGER NOT NULL,
	preview_png VARCHAR(1024),
	id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	device_id INTEGER NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	s3_uri VARCHAR(1024),
	path VARCHAR(255),
	labels JSON NOT NULL,
	bytes BIGINT,
	sha256 VARCHAR(64),
	phase VARCHAR(16) NOT NULL,
	share_token_hash VARCHAR(64),
	share_expires_at BIGINT,
	share_uses_left INTEGER,
	CONSTRAINT pk_clips PRIMARY KEY (id),
	CONSTRAINT ck_clips_phase CHECK (phase IN ('planned', 'kept', 'uploaded', 'lost')),
	CONSTRAINT fk_clips_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_clips_device_id FOREIGN KEY(device_id) REFERENCES devices (id),
	CONSTRAINT uq_clips_event_id UNIQUE (event_id)
);
CREATE INDEX ix_clips_user_id_start_ts ON clips (user_id, start_ts);
CREATE TABLE device_metrics_daily (
	device_id INTEGER NOT NULL,
	id INTEGER NOT NULL,
	date DATE NOT NULL,
	sit_count INTEGER DEFAULT 0 NOT NULL,
	stand_count INTEGER DEFAULT 0 NOT NULL,
	lie_count INTEGER DEFAULT 0 NOT NULL,
	fetch_count INTEGER DEFAULT 0 NOT NULL,
	fetch_success_count INTEGER DEFAULT 0 NOT NULL,
	treats_dispensed INTEGER DEFAULT 0 NOT NULL,
	time_in_frame_min FLOAT DEFAULT 0 NOT NULL,
	calm_minutes FLOAT DEFAULT 0 NOT NULL,
	barks INTEGER DEFAULT 0 NOT NULL,
	howls INTEGER DEFAULT 0 NOT NULL,
	whines INTEGER DEFAULT 0 NOT NULL,
	in_count INTEGER DEFAULT 0 NOT NULL,
	out_count INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_device_metrics_daily PRIMARY KEY (id),
	CONSTRAINT uq_device_metrics_daily_device_id_date UNIQUE (device_id, date),
	CONSTRAINT fk_device_metrics_daily_device_id FOREIGN KEY(device_id) REFERENCES devices (id)
);
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
	CONSTRAINT fk_events_device_id FOREIGN KEY(device_id) REFERENCES devices (id),
	CONSTRAINT fk_events_subject_user_id FOREIGN KEY(subject_user_id) REFERENCES users (id),
	CONSTRAINT uq_events_event_id UNIQUE (event_id)
);
CREATE INDEX ix_events_boot_id_mono_us ON events (boot_id, mono_us) WHERE clock_trusted = 0;
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
CREATE TABLE routines (
	id INTEGER NOT NULL,
	uid VARCHAR(36) NOT NULL,
	user_id INTEGER NOT NULL,
	device_id INTEGER,
	name VARCHAR(200) NOT NULL,
	cron VARCHAR(100) NOT NULL,
	timezone VARCHAR(64) DEFAULT 'UTC' NOT NULL,
	steps JSON NOT NULL,
	enabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	last_run_at BIGINT,
	next_run_at BIGINT,
	CONSTRAINT pk_routines PRIMARY KEY (id),
	CONSTRAINT uq_routines_uid UNIQUE (uid),
	CONSTRAINT fk_routines_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_routines_device_id FOREIGN KEY(device_id) REFERENCES devices (id)
);
CREATE INDEX ix_routines_user_id ON routines (user_id);
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
	CONSTRAINT fk_smartlog_device_id FOREIGN KEY(device_id) REFERENCES devices (id),
	CONSTRAINT uq_smartlog_event_id UNIQUE (event_id)
);
CREATE INDEX ix_smartlog_boot_id_mono_us ON smartlog (boot_id, mono_us) WHERE clock_trusted = 0;
CREATE INDEX ix_smartlog_line_timestamp ON smartlog (line, timestamp);
CREATE INDEX ix_smartlog_timestamp ON smartlog (timestamp);
CREATE INDEX ix_smartlog_user_id ON smartlog (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_smartlog_uuid ON smartlog (uuid);
CREATE TABLE snapshots (
	ts BIGINT NOT NULL,
	note VARCHAR(2000),
	id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	device_id INTEGER NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	s3_uri VARCHAR(1024),
	path VARCHAR(255),
	labels JSON NOT NULL,
	bytes BIGINT,
	sha256 VARCHAR(64),
	phase VARCHAR(16) NOT NULL,
	share_token_hash VARCHAR(64),
	share_expires_at BIGINT,
	share_uses_left INTEGER,
	CONSTRAINT pk_snapshots PRIMARY KEY (id),
	CONSTRAINT ck_snapshots_phase CHECK (phase IN ('planned', 'kept', 'uploaded', 'lost')),
	CONSTRAINT fk_snapshots_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_snapshots_device_id FOREIGN KEY(device_id) REFERENCES devices (id),
	CONSTRAINT uq_snapshots_event_id UNIQUE (event_id)
);
CREATE INDEX ix_snapshots_user_id_ts ON snapshots (user_id, ts);
CREATE VIEW smartlog_readable AS
SELECT s.id,
       strftime('%Y-%m-%dT%H:%M:%S', s.at / 1000000, 'unixepoch') || printf('.%06dZ', s.at % 1000000) AS time,
       d.name AS device,
       s.line,
       CASE s.action WHEN 'I' THEN 'in' ELSE 'out' END AS direction,
       coalesce(u.name, s.uuid, 'user ' || s.user_id) AS who,
       s.confidence,
       CASE s.clock_trusted WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS clock_trusted
FROM (
    SELECT l.*, iif(l.clock_trusted = 0 AND b.zero_at IS NOT NULL, b.zero_at + l.mono_us, l.timestamp) AS at
    FROM smartlog AS l LEFT JOIN boots AS b ON b.boot_id = l.boot_id
) AS s
LEFT JOIN devices AS d ON d.id = s.device_id
LEFT JOIN users AS u ON u.id = s.user_id;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES ('0003');
PRAGMA application_id = 1397509959;
