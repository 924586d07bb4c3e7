#!/bin/sh
# Once, when the server is new: the database, its owner (no superuser), the groups, and Grafana's login.
set -eu
psql -v ON_ERROR_STOP=1 -q -U postgres -d postgres <<'SQL'
\getenv owner SMARTLOG_OWNER_PASSWORD
\getenv grafana SMARTLOG_GRAFANA_PASSWORD
CREATE ROLE smartlog_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE smartlog_device NOLOGIN;
CREATE ROLE smartlog_report NOLOGIN;
CREATE ROLE smartlog_share NOLOGIN;
CREATE ROLE smartlog_certificate NOLOGIN;
GRANT smartlog_device, smartlog_report, smartlog_share, smartlog_certificate TO smartlog_owner WITH ADMIN OPTION;
GRANT SET ON PARAMETER temp_file_limit TO smartlog_owner;
CREATE ROLE smartlog_grafana LOGIN CONNECTION LIMIT 20 IN ROLE smartlog_report PASSWORD :'grafana';
ALTER ROLE smartlog_grafana SET statement_timeout = '30s';
ALTER ROLE smartlog_grafana SET default_transaction_read_only = on;
CREATE DATABASE smartlog OWNER smartlog_owner;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
SQL
psql -v ON_ERROR_STOP=1 -q -U postgres -d smartlog -c "CREATE EXTENSION IF NOT EXISTS timescaledb"
