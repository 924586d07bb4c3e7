-- Who may do what. PUBLIC may run every new function unless someone says otherwise; here someone does.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA internal, api FROM PUBLIC;
GRANT USAGE ON SCHEMA api TO smartlog_device;
GRANT EXECUTE ON FUNCTION
    api.ingest(uuid, integer, jsonb, json), api.pull(bigint, integer, integer),
    api.media_done(uuid, text, bigint, text), api.wire()
    TO smartlog_device;
GRANT USAGE ON SCHEMA api TO smartlog_share;
GRANT EXECUTE ON FUNCTION api.share(text) TO smartlog_device, smartlog_share;
DO $$ BEGIN  -- a centre that was hardened by an earlier version has let the other groups in already
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO smartlog_share', current_database());
END $$;
GRANT USAGE ON SCHEMA report TO smartlog_report;
GRANT SELECT ON ALL TABLES IN SCHEMA report TO smartlog_report;
GRANT EXECUTE ON FUNCTION internal.root_of(uuid) TO smartlog_report;  -- called in a view, with the reader's rights
