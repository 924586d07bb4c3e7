-- Who there is: devices, analysts, and whoever opens links to recordings for others. All are groups that nobody can log
-- in as; `central add-device` makes the logins of devices.
-- Roles belong to the whole server, so another database of ours may have made them already.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['smartlog_device', 'smartlog_report', 'smartlog_share'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server was quicker
            END;
        END IF;
    END LOOP;
END
$$;
