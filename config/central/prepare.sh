#!/bin/sh
# Make what the centre's compose file needs: passwords in .env, an authority and certificates in tls/.
#   sh config/central/prepare.sh HOST...     the names by which devices will reach this machine
# What is there already stays; only missing passwords and certificates are made.
set -eu
umask 077
cd "$(dirname "$0")"

if [ $# -eq 0 ] && [ ! -f tls/postgres.crt ]; then
    echo "usage: sh $0 HOST...   (the names by which devices will reach this machine)" >&2
    exit 2
fi

[ -f .env ] || : > .env
for name in POSTGRES_PASSWORD SMARTLOG_OWNER_PASSWORD SMARTLOG_GRAFANA_PASSWORD SMARTLOG_MQTT_PASSWORD \
    SMARTLOG_S3_PASSWORD GRAFANA_ADMIN_PASSWORD; do
    grep -q "^$name=" .env || echo "$name=$(openssl rand -hex 32)" >> .env
done
grep -q '^SMARTLOG_S3_USER=' .env || echo "SMARTLOG_S3_USER=smartlog" >> .env
grep -q '^SMARTLOG_PUBLISH=' .env || echo "SMARTLOG_PUBLISH=127.0.0.1" >> .env

mkdir -p tls
if [ ! -f tls/ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -sha256 \
        -subj "/CN=smartlog centre authority" -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout tls/ca.key -out tls/ca.crt 2>/dev/null
fi

names="DNS:localhost,IP:127.0.0.1"
for host in "$@"; do
    case $host in
        *[!0-9.]*) names="$names,DNS:$host" ;;
        *) names="$names,IP:$host" ;;
    esac
done

issue() { # NAME SUBJECT EXTENSIONS
    [ -f "tls/$1.crt" ] && return
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -keyout "tls/$1.key" -out "tls/$1.csr" 2>/dev/null
    printf '%s\n' "$3" > "tls/$1.ext"
    openssl x509 -req -in "tls/$1.csr" -CA tls/ca.crt -CAkey tls/ca.key -CAcreateserial -days 825 -sha256 \
        -extfile "tls/$1.ext" -out "tls/$1.crt" 2>/dev/null
    rm "tls/$1.csr" "tls/$1.ext"
}

for service in postgres mosquitto s3; do
    issue "$service" "$service" "subjectAltName=$names,DNS:$service
extendedKeyUsage=serverAuth"
done
chmod 644 tls/*.crt

cat <<EOF
Passwords are in $(pwd)/.env, certificates in $(pwd)/tls. Next:
  docker compose -f $(pwd)/compose.yaml up -d
The administrator's DATABASE_URL (keep it in a .env of your own, 0600):
  postgresql://smartlog_owner:(SMARTLOG_OWNER_PASSWORD)@localhost/smartlog?sslmode=verify-full&sslrootcert=$(pwd)/tls/ca.crt
EOF
