"""The durable log: events become rows, and stay.

Takes: Events, to be written; questions about the past.  Gives: receipts, passings, totals, the clock's floor.
Keeps: smartlog.db, its lock and its reserve, in the state folder.  Never: makes the frame loop wait, drops an event.
"""
