"""face -> who

Takes: tracks with faces and the frame they stand in; photographs of people who are to be known.
Gives: views: embeddings with a quality, and whom they are like; templates to remember people by.
Keeps: the gallery in memory, and which faces were looked at.
Never: decides who someone is (movement votes), writes a face to a disk, or logs anything of one.
"""
