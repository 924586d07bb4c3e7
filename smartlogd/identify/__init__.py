"""A face becomes someone.

Takes: tracks with faces, and the frames they stand in; photographs.  Gives: Views: embeddings, and whom they are like.
Keeps: the gallery of remembered faces.  Never: decides who someone is, writes to a disk, or tells anyone of a face.
"""
