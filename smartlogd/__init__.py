"""smartlogd: a directional ledger with identity, kept on the device that sees the door."""

__version__ = "0.1.0"
