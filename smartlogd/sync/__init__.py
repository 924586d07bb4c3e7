"""The log reaches the centre, and what the centre knows reaches the device.

Takes: an Outbox, an Inbox, the enrolment bundle.  Gives: the rows to the centre; people, routines and models back.
Keeps: one connection, closed when idle.  Never: deletes a row without the centre's verdict on it, stops the daemon.
"""
