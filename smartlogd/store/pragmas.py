"""How every connection to the database is set, with the reason for each."""

from __future__ import annotations

DATABASE = "smartlog.db"

NEW = "PRAGMA page_size = 2048"
"""Set before the first table of a new database. An event touches a dozen pages, each written whole to the -wal: with
SQLite's usual 4096 bytes that was 70 KB an event where one comes at a time, with half of it 43 KB."""

WRITING = (
    "PRAGMA journal_mode = WAL",  # readers never wait for the writer, nor the writer for them
    "PRAGMA synchronous = FULL",  # a commit is on the disk when it returns; NORMAL loses rows when the power is cut
    "PRAGMA foreign_keys = ON",  # off by default
    "PRAGMA mmap_size = 0",  # an I/O error under a mapping is a signal that kills the process, not an error code
    "PRAGMA journal_size_limit = 4194304",  # bytes; a burst must not leave a large -wal on a small card
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten: forgetting someone can be proven on the file
    "PRAGMA trusted_schema = OFF",  # a planted view or trigger may call nothing with side effects
    "PRAGMA temp_store = MEMORY",  # what a statement may have to undo would else be written to a file on the same card
)
READING = ("PRAGMA query_only = ON", "PRAGMA mmap_size = 0", "PRAGMA trusted_schema = OFF")
