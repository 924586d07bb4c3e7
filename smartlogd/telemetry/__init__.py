"""What others are told of this device, and what they may ask of it: MQTT, systemd, journald, Prometheus.

Takes: a Heartbeat, Told events, commands as they come.  Gives: messages, notifications, metrics; checked commands.
Keeps: a connection to the broker, nonces that were used.  Never: sees a frame, opens the database, stops the daemon.
"""
