#!/bin/sh
# Keys and passwords go where the broker's account, and nobody else, reads them.
set -eu
install -d -o mosquitto -g mosquitto -m 0700 /mosquitto/tls
for file in ca.crt server.crt server.key; do
    install -o mosquitto -g mosquitto -m 0600 "/run/tls/$file" "/mosquitto/tls/$file"
done
install -o mosquitto -g mosquitto -m 0600 /etc/smartlog/acl /mosquitto/tls/acl
# Devices are added with: docker compose exec mosquitto mosquitto_passwd /mosquitto/data/passwords NAME
passwords=/mosquitto/data/passwords
printf 'smartlog:%s\n' "$SMARTLOG_MQTT_PASSWORD" > /mosquitto/tls/own
mosquitto_passwd -U /mosquitto/tls/own
[ -f "$passwords" ] && grep -v '^smartlog:' "$passwords" >> /mosquitto/tls/own || true
mv /mosquitto/tls/own "$passwords"
chown mosquitto:mosquitto "$passwords"
chmod 0600 "$passwords"
exec mosquitto -c /etc/smartlog/mosquitto.conf
