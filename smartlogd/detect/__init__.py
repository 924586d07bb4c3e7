"""A frame becomes detections, and sounds become bursts.

Takes: Frames and regions worth a closer look; Sounds.  Gives: Detections; Bursts; the models' files.
Keeps: the models, each file verified by its hash.  Never: follows anyone from frame to frame, or asks who it is.
"""
