"""How every connection to the database is set, with the reason for each."""

from __future__ import annotations

DATABASE = "smartlog.db"

WRITING = (
    "PRAGMA journal_mode = WAL",  # readers never wait for the writer, nor the writer for them
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it returns; NORMAL loses rows when the power is cut
    "PRAGMA foreign_keys = ON",  # off by default
    "PRAGMA mmap_size = 0",  # an I/O error under a mapping is a signal that kills the process, not an error code
    "PRAGMA journal_size_limit = 4194304",  # bytes; a burst must not leave a large -wal on a small card
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten: forgetting someone can be proven on the file
    "PRAGMA trusted_schema = OFF",  # a planted view or trigger may call nothing with side effects
)
READING = ("PRAGMA query_only = ON", "PRAGMA mmap_size = 0", "PRAGMA trusted_schema = OFF")
