"""The words everyone speaks.

Takes: nothing.  Gives: the types a frame meets on its way from the lens to the log.
Keeps: nothing.  Never: imports another room, touches disk or network.
"""
