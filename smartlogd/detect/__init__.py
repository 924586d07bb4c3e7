"""A frame becomes detections.

Takes: Frames and regions worth a closer look.  Gives: Detections of faces, people, dogs and cats; the models' files.
Keeps: the models, each file verified by its hash.  Never: follows anyone from frame to frame, or asks who it is.
"""
