-- What PostgreSQL lets everyone do unless it is told not to. The first chapter is read before each of the others; each
-- of those has a title, and gives the statements that close what is open. A second title in brackets: only said.

-- common
WITH owner AS (
    -- Whose rights the functions of api have: with everyone's rights gone, they need their own.
    SELECT coalesce((SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'api'), current_user) AS name
), ours AS (
    -- Not _timescaledb_*: whoever's insert makes a chunk needs their functions, whoever's rights it runs with.
    SELECT oid, nspname, nspname ~ '^timescaledb_' AS is_timescale FROM pg_namespace
    WHERE nspname IN ('public', 'api', 'internal', 'report') OR nspname ~ '^timescaledb_'
), of_extensions AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
)

-- everyone may connect to the database, or make temporary tables in it
SELECT format('GRANT CONNECT ON DATABASE %1$I TO smartlog_device, smartlog_report, smartlog_share;'
              ' REVOKE %2$s ON DATABASE %1$I FROM PUBLIC', current_database(), p.word)
FROM unnest(ARRAY['CONNECT', 'TEMPORARY']) AS p (word)
WHERE has_database_privilege('public', current_database(), p.word);

-- everyone may use the schemas
SELECT format('GRANT ALL ON SCHEMA %1$I TO %2$I; REVOKE ALL ON SCHEMA %1$I FROM PUBLIC', o.nspname, owner.name)
FROM ours AS o, owner
WHERE has_schema_privilege('public', o.oid, 'USAGE') OR has_schema_privilege('public', o.oid, 'CREATE');

-- everyone, or every device, may reach tables
SELECT DISTINCT format('REVOKE ALL ON %s FROM PUBLIC, smartlog_device', c.oid::regclass)
FROM pg_class AS c JOIN ours AS o ON o.oid = c.relnamespace, unnest(ARRAY['public', 'smartlog_device']) AS who (name)
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT o.is_timescale
  AND has_table_privilege(who.name, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
  AND NOT EXISTS (SELECT FROM of_extensions AS e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid);

-- everyone may call functions of ours
SELECT format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure)
FROM pg_proc AS p JOIN ours AS o ON o.oid = p.pronamespace
WHERE NOT o.is_timescale AND has_function_privilege('public', p.oid, 'EXECUTE')
  AND NOT EXISTS (SELECT FROM of_extensions AS e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid);

-- everyone may look at other sessions, roles and statistics
SELECT format('GRANT SELECT ON %1$s TO %2$I, pg_monitor; REVOKE SELECT ON %1$s FROM PUBLIC', c.oid::regclass, owner.name)
FROM pg_class AS c, owner
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND has_table_privilege('public', c.oid, 'SELECT')
  AND c.relname ~ ('^pg_(stat|statio|stats|locks|roles|user|group|auth_members|db_role_setting|prepared_xacts)(_|$)'
                   '|^pg_(replication_slots|replication_origin_status|largeobject_metadata)$');

-- everyone may call what tells of other sessions
SELECT format('GRANT EXECUTE ON FUNCTION %1$s TO %2$I, pg_monitor; REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC',
              p.oid::regprocedure, owner.name)
FROM pg_proc AS p, owner
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
  AND p.proname ~ ('^pg_(stat_get|lock_status|blocking_pids|safe_snapshot_blocking_pids|isolation_test_session)'
                   '|^pg_(prepared_xact|get_replication_slots|current_logfile|database_size|tablespace_size)'
                   '|^pg_notification_queue');

-- everyone may signal sessions, wait, lock, notify, run a query in a string, or keep large objects
SELECT format('GRANT EXECUTE ON FUNCTION %1$s TO %2$I; REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC',
              p.oid::regprocedure, owner.name)
FROM pg_proc AS p, owner
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE')
  AND p.proname ~ ('^(lo_.*|loread|lowrite|pg_sleep.*|pg_notify|pg_(terminate|cancel)_backend|pg_(try_)?advisory_.*)$'
                   '|^pg_(logical_emit_message|export_snapshot|listening_channels)$'
                   '|^(query|table|schema|database|cursor)_to_xml');

-- everyone may run code of their own
SELECT format('GRANT USAGE ON LANGUAGE %1$I TO %2$I; REVOKE USAGE ON LANGUAGE %1$I FROM PUBLIC', l.lanname, owner.name)
FROM pg_language AS l, owner
WHERE l.lanpltrusted AND has_language_privilege('public', l.oid, 'USAGE');

-- logins of devices are without a limit
SELECT format('ALTER ROLE %1$I CONNECTION LIMIT 3; ALTER ROLE %1$I SET temp_file_limit = 65536', r.rolname)
FROM device_logins AS d JOIN pg_roles AS r ON r.rolname = d.login
WHERE r.rolconnlimit < 0 OR NOT coalesce(r.rolconfig @> ARRAY['temp_file_limit=65536'], false);

-- (devices may connect to other databases of this server, unless pg_hba.conf forbids it)
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', d.datname)
FROM pg_database AS d
WHERE d.datallowconn AND d.datname <> current_database() AND has_database_privilege('smartlog_device', d.oid, 'CONNECT')
ORDER BY d.datname;
