"""What is kept of what happened.

Takes: crossings, behaviours, frames with their tracks.  Gives: events for the journal, pictures and videos.
Keeps: nothing but a video being written.  Never: decides what happened, touches the database.
"""
