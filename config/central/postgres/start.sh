#!/bin/sh
# PostgreSQL over TLS only. The key is copied to where its own account, and nobody else, reads it.
set -eu
install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/tls
for file in ca.crt server.crt server.key; do
    install -o postgres -g postgres -m 0600 "/run/tls/$file" "/var/lib/postgresql/tls/$file"
done
exec docker-entrypoint.sh postgres \
    -c ssl=on -c ssl_min_protocol_version=TLSv1.3 \
    -c ssl_ca_file=/var/lib/postgresql/tls/ca.crt \
    -c ssl_cert_file=/var/lib/postgresql/tls/server.crt \
    -c ssl_key_file=/var/lib/postgresql/tls/server.key \
    -c hba_file=/etc/smartlog/pg_hba.conf \
    -c password_encryption=scram-sha-256 \
    -c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off \
    -c max_connections=600 -c timezone=UTC -c log_timezone=UTC
