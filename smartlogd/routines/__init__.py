"""What happens when: the daemon's own jobs and the routines of people, by cron or at intervals.

Takes: jobs, rows of routines, the clock, an actuator.  Gives: their turns; events that a routine began and how it went.
Keeps: who ran when, through the store.  Never: overlaps itself, trusts a clock that is not set, opens a thread.
"""
