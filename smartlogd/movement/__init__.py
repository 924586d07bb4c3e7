"""Who moved where: detections become tracks, tracks become crossings and behaviours.

Takes: detections of one frame, its stamp, the lines.  Gives: tracks, crossings, behaviours.
Keeps: nothing; the scene is handed in and handed back.  Never: asks the clock, touches a disk, waits.
"""
