"""Light becomes frames, and air becomes sounds.

Takes: a Pi camera, a V4L2 camera, a network stream, a program, a file, nothing but photographs; a microphone.
Gives: Frames with stamps and encoded Packets; a Glance at what moved; Sounds.  Keeps: the lens, and the newest frame.
Never: looks for people, writes to disk, or lets a driver that hangs hold anyone up.
"""
