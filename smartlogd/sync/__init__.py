"""The log reaches the centre, what the centre knows reaches the device, and recordings reach an object store.

Takes: an Outbox, an Inbox, Media, the enrolment.  Gives: rows to the centre, files to the object store; news back.
Keeps: one connection, closed when idle; nothing about uploads.
Never: deletes a row without the centre's verdict on it, tells of a recording before it is there, stops the daemon.
"""
