"""The durable log: events become rows, and stay.

Takes: Events and Recognitions; changes of people; questions about the past.  Gives: receipts, passings, faces, totals.
Keeps: smartlog.db, keys/, faces/, a lock and a reserve, in the state folder.  Never: drops an event, logs a face.
"""
